// SPDX-License-Identifier: MIT
// Which way does the power flow? A live value as a sentence, and the owner says whether it is true.
const FRESH_MS=3000,SEEN_MS=5000,FAINT_W=10,BALANCE_W=-50;
let seen_ms={};
const must_answer=d=>/energy|bat/.test(d.category);
const key_of=d=>d.unit+d.category;
const value_of=d=>state.values?.find(v=>v.device==draft.devices.indexOf(d));
// The power, in watts; null when it is too old.
function power_of(d){
const value=value_of(d);
return value?.age_ms==null||value.age_ms+now()-look_ms>FRESH_MS?null:value.power_w
}
function answer(d,is_right){
if(!is_right)keep(d,"invert",!d.invert);
notes.right={...notes.right,[key_of(d)]:is_right};
seen_ms={};
changed();
order("/read")
}
function direction_card(d){
const w=power_of(d),key=key_of(d),value=value_of(d);
if(w==null)delete seen_ms[key];
else seen_ms[key]??=now();
const more=Math.abs(w)>FAINT_W&&now()-seen_ms[key]>SEEN_MS?"":OFF;
return html`<section><h3>${label(d)}${notes.right?.[key]?" ✓":""}</h3>
${paragraph(w==null?t(value?.error?"silent":"wait"):t(d.category+(w<0?"_2":"_1"),{p:watts(w)}),"large")}
${must_answer(d)?paragraph("hint_"+d.category):""}
${button("right",()=>answer(d,true),more)} ${button("reversed",()=>answer(d,false),more)}
${more?paragraph("watch"):""}</section>`
}
// What the house consumes as these signs have it; NaN while one is unknown, or a meter is not at the grid.
function house_w(){
const unseen=draft.devices.some(d=>d.battery_connected)?/load|bat/:/load/;
return metered().reduce((sum,d)=>unseen.test(d.category)?sum:sum+(d.info?.location>1?NaN:power_of(d)??NaN),has("energy_meters")?0:NaN)
}
const direction_screen=()=>html`${metered().length?"":paragraph("no_devices")}
${house_w()<BALANCE_W?paragraph(t("house_negative",{p:watts(house_w())}),"warn"):""}
${metered().map(direction_card)}`;
