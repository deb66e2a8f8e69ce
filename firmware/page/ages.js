// SPDX-License-Identifier: MIT
// Ages and times as this language writes them.
const seconds=ms=>ms<9950?unit(ms/1000,1,"s"):ms<119500?unit(ms/1000,0,"s"):ms<7.1e6?unit(ms/60000,0,"min"):ms<1.7e8?unit(ms/3.6e6,0,"h"):t("days",{n:number(ms/8.64e7)});
const ago=ms=>ms==null?NONE:t("ago",{t:seconds(ms)});
// The moment that is so many milliseconds ago, with the date when it is not of today.
function clock(ms){
const then=new Date(Date.now()-ms),time={hour:"2-digit",minute:"2-digit"};
return then.toLocaleString(LANG=="en"?"en-GB":LANG,then.toDateString()==new Date().toDateString()?time:{day:"numeric",month:"short",...time})
}
