// SPDX-License-Identifier: MIT
// The bridge's log in this language: what it tells by uptime, this page's clock turns into time of day.
const EVENTS={
e_start:/^version (\S+) in \S+ - last end: (.*)/,e_wifi:/^Wi-Fi: connected as (.*)/,e_lost:/^Wi-Fi: lost the/,e_radio:/^Wi-Fi: none/,
e_serving:/^serving (\S+)/,e_silent:/^unit (\d+) is silent/,e_back:/^unit (\d+) is back/,e_asks:/^charger (\S+) asks/,e_gone:/^charger (\S+) is gone/,
e_crash:/^(\S+) crashed/,e_reset:/^reset: (.*)/,e_left:/^(\S+) is left out: (.*)/};
const REASONS={r_power:/^power-on/,r_watchdog:/^watchdog/,r_soft:/^soft reset/,r_button:/^reset.*: crash/,r_reset:/^reset/};
const found_in=(table,text)=>Object.keys(table).find(key=>table[key].test(text));
// "watchdog after 60 s: no progress: bus" in words.
function reason(text){
const key=found_in(REASONS,text),after=/ after (\d+) s/.exec(text),why=/: (.*)/.exec(text);
return key?t(key)+(after?t("r_after",{t:seconds(after[1]*1000)}):"")+(why&&key!="r_button"?": "+why[1]:""):text
}
function told(text,view){
const key=found_in(EVENTS,text);
if(!key)return text;
const[,first,second]=EVENTS[key].exec(text);
return t(key,{1:first,2:second&&reason(second),unit:quoted(view.unit_name(+first))})
}
// log: the text of /log, each line with its uptime in seconds and its level; the newest first.
const events=(log,view)=>log.split("\n").map(line=>/^(\d+) ([EWI]) (.*)/.exec(line)).filter(Boolean).reverse().map(([,at,level,text])=>
html`<li><time>${clock(Math.max(0,view.uptime_ms-at*1000))}</time><span class="${{E:"bad",W:"warn"}[level]}">${told(text,view)}</span></li>`);
