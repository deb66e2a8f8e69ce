// SPDX-License-Identifier: MIT
// Writes the config as its owner would: no default is spelled out, and what was not asked for stays as it is.
const USUAL={board:"esp32-devkit-max3485",baudrate:9600,parity:"none",stop_bits:1};
const CATEGORIES=["energy_meters","inverters","batteries","smart_loads"];
function keep(of,key,value){
if(of[key]!==value){
if(!value||value==USUAL[key])delete of[key];
else of[key]=value;
changed()
}
}
// A section that is empty then is left out.
function keep_in(of,name,key,value){
const section={...of[name]};
keep(section,key,value);
if(Object.keys(section).length)of[name]=section;
else delete of[name]
}
function drop(gone){
draft.devices=draft.devices.filter(d=>!gone(d));
changed()
}
const has=category=>draft.devices.some(d=>d.category==category);
const metered=()=>draft.devices.filter(d=>d.profile);
const at_unit=address=>metered().filter(d=>d.unit==address);
const board=()=>state.boards.find(b=>b.name==(draft.board||USUAL.board));
const label=d=>d.info?.name||t(d.category);
const name_field=d=>field("name",d.info?.name,text=>keep_in(d,"info","name",text.trim()),html`maxlength="40"`);
