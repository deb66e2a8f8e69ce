// SPDX-License-Identifier: MIT
// Asks the bridge every two seconds and puts everything in its place.
const $=id=>document.getElementById(id);
const LOOK_MS=2000,LOG_MS=10000,TIMEOUT_MS=6000,OFF_MS=8000,GONE_MS=30000,START_MS=15000,MINUTE_MS=60000;
let info={},status_=null,values=null,values_text="",behind=null,log="",at_ms=0,log_ms=0,heard_ms=performance.now(),samples=[];
async function get(path){
const answer=await fetch(path,{cache:"no-store",signal:AbortSignal.timeout(TIMEOUT_MS)}),text=await answer.text();
heard_ms=performance.now();
return[answer.ok,text]
}
async function look(){
try{
const[ok,text]=await get("/status.json");
if(ok){
const s=JSON.parse(text);
if(status_&&s.health.uptime_s<status_.health.uptime_s){samples=[];info={};log_ms=0}
if(!info.device_info)info=JSON.parse((await get("/api/v1/info.json?page"))[1]);
if(s.charger.served||$("gets").open){
const[got,body]=await get("/api/v1/values.json?page");
values=got?JSON.parse(body).device_values:null;values_text=body;
behind=values?.inverters||behind
}else values=null;
status_=s;at_ms=performance.now();
samples=samples.filter(one=>at_ms-one.at_ms<MINUTE_MS);
samples.push({at_ms:at_ms,status:s});
record(powers(view_of()));
show();
if(!log_ms||at_ms-log_ms>LOG_MS){log=(await get("/log"))[1];log_ms=at_ms}
}
}catch{}
show();
setTimeout(()=>document.hidden?document.addEventListener("visibilitychange",look,{once:true}):look(),LOOK_MS)
}
// What the report means now: ages have run on since it came, and what is older than its limit is unknown.
function view_of(){
const s=status_,late_ms=performance.now()-at_ms,view={uptime_ms:s.health.uptime_s*1000+late_ms,late_ms:late_ms};
const oldest=samples[0],first=oldest&&at_ms-oldest.at_ms>5000?oldest:null;
view.before=first?.status;
const asked=first&&s.charger.requests-first.status.charger.requests;
view.interval_ms=asked>0?(at_ms-first.at_ms)/asked:null;
const count={};
view.devices=s.devices.map(d=>{
const[category,index]=d.device.split(" "),told=info.device_info?.[category]?.[index]||{},power=POWER[category];
const ages={},fields={};
for(const key in d.fields){
ages[key]=d.age_ms[key]==null?null:d.age_ms[key]+late_ms;
fields[key]=ages[key]>d.limit_ms&&d.when_stale!="hold"?null:d.fields[key]
}
const at_grid=category!="energy_meters"||(told.location??1)==1;
count[category]=(count[category]||0)+1;
const own=t(at_grid?"name_"+category:"meter");
return{...d,category:category,fields:fields,ages:ages,at_grid:at_grid,behind:category=="inverters"&&behind?.[index]?.battery_connected,
power_w:ages[power]>d.limit_ms?null:fields[power],name:told.name||own+(count[category]>1?" "+count[category]:"")}
});
view.behind=view.devices.some(d=>d.behind);
view.soc=view.devices.find(d=>d.category=="batteries")?.fields.soc;
const own=view.devices.find(d=>d.category=="load");
const limit=Math.min(...view.devices.map(d=>d.limit_ms));
view.load_w=own?own.power_w:late_ms<limit?values?.load_power_w??null:null;
view.units_of=device=>s.units.filter(u=>u.devices.includes(device.device));
view.devices_of=address=>view.devices.filter(d=>s.units.some(u=>u.unit==address&&u.devices.includes(d.device)));
view.unit_name=address=>view.devices_of(address)[0]?.name||t("e_unit",{1:address});
const hour=new Date().getHours();
view.findings=findings(s,view.before,{
inverters:s.units.filter(u=>u.devices.length&&u.devices.every(label=>label.startsWith("inverters"))).map(u=>u.unit),
dark:hour<7||hour>=18,load_w:view.load_w});
for(const one of view.findings)one.text=filled(one.text,{...one.facts,name:quoted(one.kind=="unit"?view.unit_name(one.subject):one.subject)});
for(const d of view.devices)judge(d,view,s);
return view
}
// health, state and notes of a device.
function judge(d,view,s){
const units=view.units_of(d),clamped=!units.length&&Object.keys(s.clamps).length;
const mine=view.findings.filter(f=>f.kind=="line"&&units.length||f.kind=="unit"&&units.some(u=>u.unit==f.subject)||f.kind=="clamp"&&clamped);
const warned=units.filter(u=>u.warning).map(u=>t("other_model",{name:d.name,text:u.warning}));
d.notes=view.late_ms>OFF_MS?[]:[...mine.map(f=>f.text),...warned];
d.missing=d.power_w==null;
const asleep=mine.some(f=>f.id=="asleep");
if(d.missing&&view.uptime_ms<START_MS)[d.health,d.state,d.notes]=["warn","starts",[]];
else if(d.missing)[d.health,d.state]=asleep?["warn","asleep"]:["bad","stale"];
else[d.health,d.state]=d.notes.length?["warn","attention"]:["good","ok"];
if(d.state=="stale"&&!d.notes.length&&view.late_ms<OFF_MS)d.notes=[t(clamped?"check_clamp":"check")];
d.clamped=clamped
}
function silent(d,view){
const name=quoted(d.name),ms=d.ages[POWER[d.category]],units=view.units_of(d);
if(d.clamped)return t("no_clamp",{name:name});
if(units.length&&units.every(u=>u.good_age_ms!=null&&u.good_age_ms<QUIET_MS))return t("no_value",{name:name});
return ms==null?t("silent_never",{name:name}):t("silent",{name:name,t:clock(ms)})
}
// The one sentence: [level, sentence, what to do].
function verdict(view){
const s=status_,where={host:location.hostname,port:location.port||80};
// what keeps all values from the charger goes first, what sleeps last
const of=n=>view.devices.find(d=>d.missing&&(d.when_stale=="error")*2+(d.state!="asleep")==n),dead=of(3)||of(2)||of(1);
if(dead?.state=="starts")return["wait",t("starting"),""];
if(dead)return[of(3)||of(2)?"bad":"warn",silent(dead,view),`${dead.notes[0]} ${t(dead.when_stale)}`];
if(s.charger.age_ms==null)return["warn",t("no_charger"),t("no_charger_do",where)];
const age_ms=s.charger.age_ms+view.late_ms;
if(age_ms>GONE_MS)return["bad",t("gone",{t:clock(age_ms)}),t("gone_do",where)];
if(s.about.complaint)return["warn",t("complaint"),s.about.complaint];
const note=view.findings.find(f=>f.id!="asleep")?.text||view.devices.find(d=>d.health!="good")?.notes[0];
if(note)return["warn",note,t("fine_but")];
const ages=view.devices.map(d=>d.ages[POWER[d.category]]).filter(ms=>ms!=null);
return["good",t("fine"),t("fine_do",{every:view.interval_ms?t("every",{t:seconds(view.interval_ms)}):t("asked",{t:ago(age_ms)}),age:ages.length?seconds(Math.max(...ages)):NONE})]
}
function say(level,sentence,detail){
$("state").className=level;
$("state").firstElementChild.textContent={good:"✓",warn:"!",bad:"✕"}[level]||"…";
for(const[id,text]of[["sentence",sentence],["detail",detail]])if($(id).textContent!=text)$(id).textContent=text
}
const put=(id,content)=>{$(id).innerHTML=safe(content)};
function show(){
const now=performance.now(),off=now-heard_ms>OFF_MS;
document.body.classList.toggle("off",off);
if(off)say("bad",t("off",{t:seconds(now-heard_ms)}),t("off_do"));
if(!status_)return;
const view=view_of(),said=verdict(view);
$("cards").hidden=false;
if(!off)say(...said);
const more=[...view.devices.filter(d=>d.missing).map(d=>silent(d,view)),...view.findings.map(f=>f.text)].filter((text,i,all)=>all.indexOf(text)==i&&!said.some(one=>one.includes(text)));
put("more",off||said[0]=="wait"?"":more.map(text=>html`<li>${text}</li>`));
put("flow",flow(view));
put("chart",chart());
put("devices",view.devices.map(d=>card(d,view)));
put("clamps",Object.entries(status_.clamps).map(clamp));
$("clamps").parentNode.hidden=off||!$("clamps").innerHTML;
put("watch",watch(status_.charger,view));
put("bridge",bridge(status_,view));
put("caveats",caveats(status_));
put("events",events(log,view));
if($("gets").open&&$("json").title!=values_text){
$("json").title=values_text;
try{$("json").textContent=JSON.stringify(JSON.parse(values_text),null,1)}catch{$("json").textContent=t("nothing")}
}
if($("all").open)put("counters",counters(status_))
}
document.documentElement.lang=LANG;
document.title=t("title");
for(const one of document.querySelectorAll("[data-t]"))one.textContent=t(one.dataset.t);
document.querySelector(`nav [lang=${LANG}]`).setAttribute("aria-current","true");
for(const one of document.querySelectorAll("details"))one.addEventListener("toggle",show);
setInterval(()=>{if(performance.now()-at_ms>OFF_MS/2)show()},1000);
look();
