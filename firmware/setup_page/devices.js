// SPDX-License-Identifier: MIT
// Which device has which address, and what it measures. A device that is asked for two things has two entries in the config.
// profiles: [{name, title, roles}] once they are here; opened: the address whose model is being chosen; query: what to look for.
let profiles=null,opened=0,query="",added="";
async function load_profiles(){
if(profiles||is_asking)return;
is_asking=true;
try{profiles=(await ask("/profiles.json"))[1].sort((a,b)=>a.title.localeCompare(b.title))}catch{}
is_asking=false;
show()
}
const profile=name=>profiles?.find(p=>p.name==name);
const title=name=>profile(name)?.title||name;
const maker=p=>p.title.split(" ")[0];
const found_at=address=>state.units.find(u=>u.unit==address);
const addresses=()=>[...new Set([...state.units,...metered(),...notes.units||[]].map(u=>u.unit))].sort((a,b)=>a-b);
const recognised=address=>found_at(address)?.certain&&found_at(address).models[0];
const model_at=address=>at_unit(address)[0]?.profile||notes.models?.[address]||recognised(address);
const roles_of=name=>profile(name)?.roles||CATEGORIES;
function choose_model(address,name){
notes.models={...notes.models,[address]:name};
drop(d=>d.unit==address&&!roles_of(name).includes(d.category));
for(const d of at_unit(address))if(d.profile!=name){
d.profile=name;
delete d.variant
}
opened=0;
query=""
}
function choose_role(address,category,is_on){
if(is_on)draft.devices.push({category:category,profile:model_at(address),unit:address});
else drop(d=>d.unit==address&&d.category==category);
// A battery that the inverter itself tells of is behind it.
const entry=wanted=>at_unit(address).find(d=>d.category==wanted),inverter=entry("inverters");
if(inverter&&category!="energy_meters")keep(inverter,"battery_connected",!!entry("batteries"));
changed()
}
function add_unit(){
const address=+added;
if(address>0&&address<256){
notes.units=[...notes.units||[],{unit:address}];
added="";
changed()
}
}
function picker(address){
if(!profiles)return paragraph("wait");
const words=query.toLowerCase().split(" "),found=profiles.filter(p=>words.every(word=>p.title.toLowerCase().includes(word)));
return html`${field("model_search",query,text=>{query=text},html`type="search"`)}
${select(t("models",{n:found.length}),name=>choose_model(address,name),html`<option>${[...new Set(found.map(maker))].map(vendor=>html`<optgroup label="${vendor}">${found.filter(p=>maker(p)==vendor).map(p=>option(p.name,"",p.title))}</optgroup>`)}`)}`
}
function device_card(address){
const name=model_at(address),models=found_at(address)?.models||[],is_open=opened==address||!name&&!models.length;
return html`<section><h3>${t("address",{n:address})}: ${name?title(name):"?"} ${name&&name==recognised(address)?t("recognised"):""}</h3>
${name?"":models.map(one=>button(title(one),()=>choose_model(address,one)))}
${is_open?picker(address):button("other_model",()=>{opened=address})}
${name?html`<fieldset><legend>${t("measures")}</legend>${CATEGORIES.filter(c=>roles_of(name).includes(c)).map(category=>{
const d=at_unit(address).find(one=>one.category==category);
return html`${tick(t(category),d,is_on=>choose_role(address,category,is_on))}
${d?name_field(d):""}`
})}</fieldset>`:""}</section>`
}
const devices_screen=()=>html`${addresses().length?addresses().map(device_card):paragraph("no_devices")}
${field("add_by_hand",added,text=>{added=text},html`inputmode="numeric"`)}${button("add",add_unit)}`;
