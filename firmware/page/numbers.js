// SPDX-License-Identifier: MIT
// Numbers as this language writes them. What is unknown is a dash, never 0.
const NONE="–";
const number=(value,digits=0)=>value.toLocaleString(LANG,{minimumFractionDigits:digits,maximumFractionDigits:digits}).replace("-","−");
const unit=(value,digits,name)=>value==null?NONE:number(value,digits)+"\u202f"+name;
const kilo=name=>value=>Math.abs(value)<1000?unit(value,0,name):unit(value/1000,1,"k"+name);
const watts=w=>w==null?NONE:kilo("W")(Math.abs(w));
