// SPDX-License-Identifier: MIT
// The RS485 line: the board looks for devices, or its owner knows the settings.
const BUS={baudrate:[1200,2400,4800,9600,14400,19200,38400,57600,115200],parity:["none","even","odd"],stop_bits:[1,2]};
const text_of=line=>line?.baudrate?`${line.baudrate} 8${line.parity[0].toUpperCase()}${line.stopbits}, `:"";
// What a search found is written down once; its owner may change it then.
function take_line(){
const found=state.line;
if(found.state!="found"||state.task||notes.line==text_of(found))return;
notes.line=text_of(found);
for(const key in BUS)keep_in(draft,"bus",key,found[key.replace("_","")]);
changed()
}
const search=is_whole=>()=>{
notes.line="";
changed();
order("/search",()=>({whole:is_whole}))
};
function line_screen(){
const task=state.task,units=state.units,is_searching=/sea|reco/.test(task?.kind);
return html`${paragraph("line_do")}
<p role="status" class="large">${t(is_searching?"searching":"line_"+state.line.state,{n:units.length,line:text_of(state.line)})}</p>
${is_searching?html`<progress max="${task.total}" value="${task.done}" aria-label="${t("searching")}"></progress>
${paragraph(text_of(task.now)+t("address",{n:task.now?.unit}))}${button("stop",()=>order("/stop"))}`
:html`${button("search",search(false),MAIN)} ${button("search_whole",search(true))}`}
<ul>${units.map(u=>html`<li>${t("address",{n:u.unit})}: ${u.models.map(title).join(" / ")||"?"}</li>`)}</ul>
<fieldset><legend>${t("by_hand")}</legend>
${Object.keys(BUS).map(key=>choice(key,BUS[key],draft.bus?.[key]??USUAL[key],value=>keep_in(draft,"bus",key,+value||value)))}
</fieldset>`
}
