// SPDX-License-Identifier: MIT
// The first screen and the last, which one is open, and what happens when a button is pressed or the board has answered.
const TICK_MS=250,OFF_MS=5000;
// The board answers the phone that it is in the internet once this was loaded anew.
const is_last=()=>location.pathname=="/done"&&state?.is_saved;
const start_screen=()=>html`${paragraph(t("start_do",{ap:quoted(state.name)}))}
${state.boards.length>1?html`<fieldset><legend>${t("board")}</legend>${state.boards.map(b=>tick(b.title,b==board(),()=>keep(draft,"board",b.name),RADIO))}</fieldset>`:""}`;
function address_list(){
const address=draft.wifi?.ip?.address||state.wifi.address||(draft.wifi?.hostname||"nrgkick-bridge")+".local";
return html`${paragraph("app_do")}<p class="large">${address}<br>Port ${draft.http?.port||80}</p>`
}
const lacking=()=>!draft.devices.length?t("no_devices"):!draft.wifi?t("wifi_untested"):state.problem;
function done_screen(){
if(is_last())return html`${paragraph("saved","large")}${address_list()}${paragraph(t("starting",{name:quoted(draft.wifi?.ssid)}))}`;
const lack=lacking(),more=lack||is_pending("/save")?OFF:MAIN;
return html`<ul>${draft.devices.map(d=>html`<li>${label(d)}: ${d.profile?title(d.profile)+", "+t("address",{n:d.unit}):d.clamp?names_of(d).join(" + "):""}${d.invert?", "+t("reversed"):""}</li>`)}<li>${t("wifi")}: ${draft.wifi?.ssid||NONE}</li></ul>
${lack?paragraph(lack,"bad"):address_list()}
${button("save",()=>order("/save",undefined,found=>found.problem||location.assign("/done?lang="+LANG)),more)}`
}
// Each screen: what it shows, and whether it is done.
const SCREENS={
start:[start_screen,()=>board()],
line:[line_screen,()=>state.line.state=="found"||metered().length],
devices:[devices_screen,()=>draft.devices.length],
direction:[direction_screen,()=>metered().length&&metered().every(d=>!must_answer(d)||notes.right?.[key_of(d)])],
clamps:[clamps_screen,()=>clamped().length],
wifi:[wifi_screen,()=>draft.wifi],
done:[done_screen,()=>state.is_saved]
};
const here=()=>is_last()?"done":SCREENS[location.hash.slice(1)]?location.hash.slice(1):"start";
function page(){
const off=now()-heard_ms>OFF_MS&&!is_over?t("off",{ap:quoted(state?.name||"NRGkick-Bridge-…")}):"";
const ids=state?Object.keys(SCREENS).filter(id=>id!="clamps"||inputs().length):[],id=here(),next=ids[ids.indexOf(id)+1];
return html`<header><h1>${t("title")}</h1><p>${LANGUAGES.map(l=>html`<a href="?lang=${l}#${id}" lang="${l}" ${l==LANG?html`aria-current="true"`:""}>${{de:"Deutsch",en:"English"}[l]}</a> `)}</p></header>
<nav><ol>${is_last()?"":ids.map((one,i)=>html`<li><a href="#${one}" ${one==id?html`aria-current="step"`:""}>${SCREENS[one][1]()?"✓":i+1} ${t(one)}</a></li>`)}</ol></nav>
<p class="bad" role="status">${off||trouble}</p>
<main><h2 tabindex="-1">${t(id)}</h2><div id="${id}">${state?SCREENS[id][0]():t("wait")}</div>
${next?html`<p><a class="${SCREENS[id][1]()?"main":"next"}" href="#${next}">${t(SCREENS[id][1]()?"next":"later")}: ${t(next)}</a></p>`:""}</main>`
}
function show(){
acts=[];
const made=document.createElement("template");
made.innerHTML=page().raw;
morph(document.getElementById("page"),made.content)
}
// A state has come: what follows from it without a question.
function arrived(is_first){
if(is_last())return order("/start",undefined,()=>{is_over=true});
if(is_first&&notes.screen&&!location.hash)location.replace((location.search||"?lang="+notes.lang)+"#"+notes.screen);
if(state.boards.length==1)keep(draft,"board",state.boards[0].name);
take_line();
const is_live=here()=="direction"&&metered().length||here()=="clamps"&&clamped().length;
if(is_live&&!state.task)order("/read");
if(!is_live&&state.task?.kind=="read")order("/stop");
if(/li|de|do/.test(here()))setTimeout(load_profiles)
}
window.addEventListener("hashchange",()=>{
trouble="";
if(state?.notes){
notes={...notes,screen:here(),lang:LANG};
changed()
}
show();
document.querySelector("h2").focus()
});
for(const kind of["click","input"])document.addEventListener(kind,event=>{
const one=event.target.closest("[data-f]");
if(!one||(kind=="click")!=(one.nodeName=="BUTTON"))return;
next_ms=kind=="click"?0:now()+TYPING_MS;
acts[one.dataset.f](one);
show();
talk()
});
document.documentElement.lang=LANG;
show();
setInterval(talk,TICK_MS);
