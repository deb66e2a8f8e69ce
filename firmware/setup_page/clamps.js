// SPDX-License-Identifier: MIT
// Clamps at the board's inputs: what they measure, which model, and their zero. Those of one use are one entry, in order on L1, L2 and L3.
// Of each the turns, where it needs a burden.
const CLAMP_TURNS=/*lib/planning/clamp_models.json turns*/;
const FIGURES=["burden_ohm","amps_per_volt"];
const inputs=()=>board()?.clamps||[];
const clamped=()=>[...draft.devices,draft.load_power].filter(d=>d?.clamp);
const names_of=d=>[d.clamp].flat();
const use_of=d=>d?.category||d&&"load";
const entry_of=name=>clamped().find(d=>names_of(d).includes(name));
function set_names(d,names){
if(names[0])d.clamp=names[1]?names:names[0];
else if(d==draft.load_power)delete draft.load_power;
else drop(one=>one==d)
}
function choose_use(name,use){
const old=entry_of(name);
if(old)set_names(old,names_of(old).filter(one=>one!=name));
const same=clamped().find(d=>use_of(d)==use);
if(same)set_names(same,[...names_of(same),name].sort());
else if(use=="load")draft.load_power={clamp:name};
else if(use)draft.devices.push({category:use,clamp:name});
changed()
}
function choose_clamp_model(d,name){
for(const key of["model","noise_floor_ma",...FIGURES])delete d[key];
// A figure that is not known yet is 0, which the board refuses.
if(!(name in CLAMP_TURNS))d[FIGURES[1]]=0;
else{
d.model=name;
if(CLAMP_TURNS[name])d[FIGURES[0]]=0
}
changed()
}
function choose_figure(d,key,text){
d[key]=+text.replace(",",".")||0;
changed()
}
function clamp_card(d){
const live=names_of(d).map(name=>state.clamps?.[name]||{}),noise_ma=Math.max(...live.map(one=>one.noise_ma??NaN));
return html`<section><h3>${t(use_of(d))}: ${names_of(d).map((name,i)=>`L${i+1} ${name}`).join(", ")}</h3>
${choice("clamp_model",["",...Object.keys(CLAMP_TURNS),FIGURES[1]],d[FIGURES[1]]!=null?FIGURES[1]:d.model,name=>choose_clamp_model(d,name))}
${FIGURES.map(key=>d[key]==null?"":field(key,d[key]||"",text=>choose_figure(d,key,text),html`inputmode="decimal"`))}
${state.clamps?html`${paragraph(live.map(one=>unit(one.current_ma,0,"mA")).join(", "),"large")}
${paragraph("zero_do")}${button("zero"+(d.noise_floor_ma?" ✓":""),()=>keep(d,"noise_floor_ma",Math.round(noise_ma)),noise_ma>=0?"":OFF)}`:""}</section>`
}
const clamps_screen=()=>html`${paragraph("clamps_do")}
${inputs().map(name=>choice(name,["","smart_loads","inverters","load"],use_of(entry_of(name)),use=>choose_use(name,use)))}
${clamped().map(clamp_card)}`;
