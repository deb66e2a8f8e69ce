// SPDX-License-Identifier: MIT
// One question at a time to the board: first what was answered, then its state, once a second. What gets no answer is asked again.
const LOOK_MS=1000,TYPING_MS=700,TIMEOUT_MS=6000,now=()=>performance.now();
// draft: the config as this page has it; notes: what the page keeps on the board besides; orders: [path, body or what makes it, what follows]
let state=null,token="",draft=null,notes={},orders=[],is_asking=false,is_mine=false,is_over=false,next_ms=0,look_ms=-LOOK_MS,heard_ms=now(),trouble="";
async function ask(path,body){
const answer=await fetch(path,{cache:"no-store",signal:AbortSignal.timeout?.(TIMEOUT_MS),...body&&{method:"POST",headers:{"Content-Type":"application/json","X-Token":token},body:JSON.stringify(body)}});
const found=await answer.json();
heard_ms=now();
return[answer.status,found]
}
async function look(){
const is_first=!state;
look_ms=now();
const[status,found]=await ask("/state.json");
if(status!=200)throw status;
// A board that has started again has lost what this page still knows.
if(is_mine&&token!=found.token)changed();
state=found;
token=found.token;
if(!is_pending("/config")){
draft={...found.config,devices:found.config.devices||[]};
notes=found.notes||notes
}else if(found.wifi.state=="good")draft.wifi=found.config.wifi;
arrived(is_first)
}
async function send(one){
let status=0,found;
orders.shift();
try{[status,found]=await ask(one[0],one[1]())}
finally{if(!status||status==403)orders.unshift(one)}
if(status==403){
await look();
throw status
}
trouble=status==200?"":t("refused",{text:found.error});
if(status==200)one[2]?.(found)
}
// While the board tests a network, what it finds good must not be overtaken by an older draft.
async function talk(){
const one=state?.wifi.state!="testing"&&orders[0];
if(is_asking||is_over||now()<next_ms||!(state&&one)&&(document.hidden||now()-look_ms<LOOK_MS))return;
is_asking=true;
try{await(state&&one?send(one):look())}
catch{next_ms=now()+LOOK_MS}
is_asking=false;
show()
}
const is_pending=path=>orders.some(one=>one[0]==path);
function order(path,body=()=>({}),follows){if(!is_pending(path))orders.push([path,body,follows])}
function changed(){
is_mine=true;
order("/config",()=>({config:draft,notes:notes}))
}
