// SPDX-License-Identifier: MIT
// The picture of the energy: nodes around the house, an arrow and a word for each direction.
const POWER={inverters:"inv_power_ac_w",energy_meters:"grid_power_w",batteries:"bat_power_w",smart_loads:"sl_power_w",load:"load_power_w"};
const KIND={inverters:"sun",energy_meters:"grid",batteries:"battery",smart_loads:"use",load:"house"};
const REST_W=10;
// A word for each direction: sun_1 from REST_W on, sun_2 for that below 0, sun_0 for neither.
const word=(kind,w)=>t(w==null?"unknown":kind+(w>=REST_W?"_1":w<=-REST_W?"_2":"_0"));
const total=list=>list.every(w=>w!=null)?sum(list,w=>w):null;
// {kind: W or null} of what the config has.
function powers(view){
const found={};
for(const d of view.devices)if(d.at_grid)(found[KIND[d.category]]??=[]).push(d.power_w);
for(const kind in found)found[kind]=total(found[kind]);
// Behind an inverter the battery's power is inside the inverter's. What is left is the sun's; losses make that no less than nothing.
if(view.behind)found.sun=found.sun==null||found.battery==null?null:Math.max(0,found.sun-found.battery);
if("sun"in found||"grid"in found)found.house=view.load_w;
return found
}
// Where each node stands, the way from it to the house, and back.
const NODES={
sun:[118,4,"M165 75V107","M165 112V80"],grid:[1,113,"M95 148H112","M118 148H101"],use:[235,113,"M235 148H218","M212 148H229"],
battery:[118,222,"M165 221V189","M165 184V216"],house:[118,113]};
function flow(view){
const found=powers(view),kinds=Object.keys(NODES).filter(kind=>kind in found),top="sun"in found?2:111;
return html`<svg viewBox="0 ${top} 330 ${("battery"in found?296:187)-top}" role="img" aria-label="${kinds.map(kind=>`${t(kind)}: ${watts(found[kind])} ${word(kind,found[kind])}`).join("; ")}">
${kinds.map(kind=>arrow(kind,found[kind]))}${kinds.map(kind=>box(kind,found[kind],view))}</svg>${view.behind?html`<p class="soft">${t("derived")}</p>`:""}`
}
function arrow(kind,w){
const[,,there,back]=NODES[kind];
if(!there)return"";
const way=html`<path d="${there}" class="way"/>`;
if(!(Math.abs(w)>=REST_W))return way;
const wide=Math.abs(w)<1000?3:Math.abs(w)<4000?4.5:6;
return html`${way}<marker id="to-${kind}" viewBox="0 0 12 12" markerWidth="13" markerHeight="13" refX="6" refY="6" orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0L12 6L0 12Z" fill="var(--${kind})"/></marker>
<path d="${kind!="use"==w>0?there:back}" class="way run" marker-end="url(#to-${kind})" style="stroke:var(--${kind});stroke-width:${wide}"/>`
}
function box(kind,w,view){
const[x,y]=NODES[kind],charge=kind=="battery"&&view.soc!=null?" "+unit(view.soc,0,"%"):"";
return html`<g aria-hidden="true"><rect x="${x}" y="${y}" width="94" height="70" rx="9" style="stroke:var(--${w==null?"line":kind})"/>
<text x="${x+47}" y="${y+19}" class="s">${t(kind=="sun"&&!behind&&view.soc!=null?"name_inverters":kind)+charge}</text><text x="${x+47}" y="${y+42}" class="v">${kind=="sun"&&view.behind&&w!=null?"≈ ":""}${watts(w)}</text><text x="${x+47}" y="${y+60}">${word(kind,w)}</text></g>`
}
