// SPDX-License-Identifier: MIT
// From counters to findings: what happened since the counters that are a minute old is held against the patterns of findings.json.
// host_tools/owner/doctor.py does the same for make logs; a test holds both to the same cases.
const FINDINGS=/*findings.json*/;
const BROKEN=["crc","short","noise","wrong_unit"];
const QUIET_MS=10000;
const since=(now,before,key)=>(now[key]??0)-(before?.[key]??0);
const percent=(part,whole)=>whole>0?Math.round(100*part/whole):0;
const sum=(list,of)=>list.reduce((total,one)=>total+of(one),0);
function unit_facts(u,before,inverters,dark){
const n=since(u,before,"requests"),of=key=>since(u,before,key);
const facts={address:u.unit,requests:n,broken:sum(BROKEN,of),quiet:+(!of("exception")&&(u.good_age_ms==null||u.good_age_ms>QUIET_MS)),inverter:+inverters.includes(u.unit),dark:+dark};
for(const key of["good","silent","crc","noise","wrong_unit","echo","late","implausible"])facts[key]=percent(of(key),n);
facts.unreadable=percent(facts.broken,n);
facts.illegal=percent(sum([1,2,3],code=>since(u.exceptions,before?.exceptions,code)),n);
return facts
}
// status: of now; before: of a minute ago, or null: then since the start. known: {inverters: [address], dark, load_w}
function findings(status,before,known){
const found=[],matches=(kind,facts,subject)=>{
const row=FINDINGS.find(r=>r.for==kind&&Object.entries(r.when).every(([key,[low,high]])=>facts[key]>=low&&!(facts[key]>high)));
if(row)found.push({id:row.id,kind:kind,subject:subject,facts:facts,text:row.text[LANGUAGE]})};
const old=address=>before?.units.find(u=>u.unit==address);
const units=status.units.map(u=>unit_facts(u,old(u.unit),known.inverters,known.dark));
const requests=sum(units,u=>u.requests),line=status.line||{},foreign=since(line,before?.line,"foreign");
if(requests)matches("line",{
units:units.length,answering:sum(units,u=>1-u.quiet),foreign:foreign,noise:since(line,before?.line,"noise")+sum(units,u=>u.noise),
unreadable:percent(sum(units,u=>u.broken),requests),echo:percent(sum(units,u=>u.echo*u.requests/100),requests)});
if(!found.some(f=>f.facts.answering==0))for(const u of units){
const others=units.filter(o=>o!=u);
u.others=sum(others,o=>1-o.quiet);
u.foreign=foreign;
u.others_unreadable=Math.max(0,...others.map(o=>o.unreadable));
if(u.requests)matches("unit",u,u.address)
}
for(const[name,clamp]of Object.entries(status.clamps||{}))
matches("clamp",{clipped:clamp.clipped_permille,dead:since(clamp.rejected,before?.clamps?.[name]?.rejected,"dead")},name);
if(known.load_w!=null)matches("house",{negative_w:-known.load_w});
return found
}
