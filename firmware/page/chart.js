// SPDX-License-Identifier: MIT
// The last hour, as this page has seen it: means of 30 s, gaps where nothing was known. The browser's tab keeps them over a reload.
const STEP_MS=30000,STEPS=120;
let hour=[];
try{hour=JSON.parse(sessionStorage.hour)}catch{}
const now_slot=()=>Math.floor(Date.now()/STEP_MS);
// Add what is known now to the mean of this half minute.
function record(found){
const slot=now_slot();
hour=hour.filter(one=>one.slot>slot-STEPS);
if(hour.at(-1)?.slot!=slot)hour.push({slot:slot,n:{},w:{}});
const last=hour.at(-1);
for(const kind in found)if(found[kind]!=null){last.n[kind]=(last.n[kind]||0)+1;last.w[kind]=(last.w[kind]||0)+found[kind]}
try{sessionStorage.hour=JSON.stringify(hour)}catch{}
}
const mean=(one,kind)=>one.n[kind]?one.w[kind]/one.n[kind]:null;
function nice(w){
const tens=10**Math.floor(Math.log10(w));
return[1,2,5,10].find(n=>n*tens>=w)*tens
}
function chart(){
const last=now_slot(),series={};
for(const kind in NODES)for(const one of hour)if(one.slot>last-STEPS&&one.n[kind])(series[kind]??=[]).push([one.slot,mean(one,kind)]);
const kinds=Object.keys(series),all=kinds.flatMap(kind=>series[kind].map(one=>one[1]));
if(hour.length<2||!all.length)return html`<p class="soft">${t("chart_none")}</p>`;
const step=nice(Math.max(500,...all.map(Math.abs))/2),low=Math.floor(Math.min(0,...all)/step)*step,high=Math.max(step,Math.ceil(Math.max(...all)/step)*step);
const x=slot=>352-(last-slot)*318/(STEPS-1),y=w=>148-(w-low)*140/(high-low),lines=[];
for(let w=low;w<=high;w+=step)lines.push(html`<path class="way" style="stroke-width:${w?.7:1.6}" d="M34 ${y(w)}H352"/><text x="29" y="${y(w)+4}" style="text-anchor:end">${number(w/1000,step<1000?1:0)}</text>`);
const drawn=kind=>series[kind].map(([slot,w],i)=>(i&&series[kind][i-1][0]==slot-1?"L":"M")+x(slot).toFixed(1)+" "+y(w).toFixed(1)+"h.1").join("");
return html`<svg viewBox="0 0 360 170" role="img" aria-label="${t("hour")}: ${kinds.map(kind=>t(kind)).join(", ")}">
<g aria-hidden="true"><text x="10" y="165">kW</text>${lines}${[60,30].map(n=>html`<text x="${352-n*5.3}" y="165" style="text-anchor:${n==60?"start":"middle"}">${t("ago",{t:unit(n,0,"min")})}</text>`)}<text x="352" y="165" style="text-anchor:end">${t("now")}</text>
${kinds.map(kind=>html`<path class="curve" d="${drawn(kind)}" style="stroke:var(--${kind})"/>`)}</g></svg>
<ul class="key">${kinds.map(kind=>html`<li><i style="color:var(--${kind})"></i>${t(kind)}</li>`)}</ul><p class="soft">${t("chart_from")}</p>`
}
