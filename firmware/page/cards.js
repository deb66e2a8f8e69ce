// SPDX-License-Identifier: MIT
// What stands in the cards below the picture.
const UNITS=[[/_wh$/,kilo("Wh")],[/_w$/,w=>unit(w,0,"W")],[/^soc/,v=>unit(v,1,"%")],[/^temp/,v=>unit(v,1,"°C")],[/^volt/,v=>unit(v,1,"V")],[/./,v=>v]];
const shown=(key,v)=>v==null?NONE:UNITS.find(row=>row[0].test(key))[1](v);
const part=(v,of,digits,name)=>unit(v==null?v:v/of,digits,name);
const pair=(name,value)=>html`<dt>${t(name)}</dt><dd>${value}</dd>`;
const chip=(level,text)=>html`<span class="chip ${level}">${{good:"✓ ",warn:"! ",bad:"✕ "}[level]}${text}</span>`;
// A power is told by its amount and a word, not by a sign. Behind it its age, held against the limit.
function field(device,key){
const value=device.fields[key],ms=device.ages[key],old=ms>device.limit_ms,kind=KIND[device.category];
const amount=key!=POWER[device.category]||value==null?shown(key,value):device.at_grid?`${unit(Math.abs(value),0,"W")} ${word(kind,value)}`:shown(key,value);
const age=value==null?ms==null?t("no_yet"):t("no_since",{t:clock(ms)}):ms==null?t("fixed"):ago(ms)+(old?", "+t("too_old"):"");
return pair(key,html`${amount} <small class="${value==null||old?"bad":"age"}">${age}</small>`)
}
function card(device,view){
const power=POWER[device.category],keys=Object.keys(device.fields).filter(key=>key!=power&&(device.fields[key]!=null||device.ages[key]!=null));
const units=view.units_of(device).map(u=>html` · ${u.reply_mean_ms==null?t("bus_none",{unit:u.unit,n:number(u.requests)}):t("bus",{unit:u.unit,n:number(u.good+u.exception),bad:number(sum(BROKEN,key=>u[key])+u.silent),ms:unit(u.reply_mean_ms,0,"ms")})}`);
return html`<article style="--c:var(--${KIND[device.category]})"><h3>${device.name}</h3>${chip(device.health,t(device.state))}
${device.notes.map(text=>html`<p class="${device.health}">${text}</p>`)}<dl>${[power,...keys].map(key=>field(device,key))}</dl><p class="soft">${t("limit",{t:unit(device.limit_ms/1000,0,"s")})}${units}</p></article>`
}
function clamp([name,c]){
const bad=sum(Object.values(c.rejected),n=>n);
return html`<article><h3>${name}</h3><dl>${pair("current",part(c.current_ma,1000,2,"A"))}${pair("power",html`${unit(c.power_w,0,"VA")} ± ${unit(c.error_w,0,"VA")} <small>${t(c.voltage_measured?"measured":"nominal",{v:part(c.voltage_dv,10,0,"V")})}</small>`)}
${pair("frequency",part(c.frequency_mhz,1000,2,"Hz"))}${pair("rejected",t("windows",{n:number(bad),of:number(bad+c.windows)}))}</dl></article>`
}
const watch=(c,view)=>html`${pair("served",c.served?chip("good",t("served_yes")):chip("bad",t("served_no")))}${pair("last",c.age_ms==null?t("never"):ago(c.age_ms+view.late_ms))}
${pair("who",c.clients.join(", ")||t("nobody"))}${pair("interval",view.interval_ms?t("mean",{t:seconds(view.interval_ms)}):NONE)}${pair("gap",c.age_ms==null?NONE:seconds(c.longest_gap_ms))}
${pair("requests",number(c.requests)+(c.refused?", "+t("refused",{n:number(c.refused)}):""))}`;
function bridge(s,view){
const dbm=s.wifi.rssi_dbm,crashed=Object.keys(s.crashes).filter(key=>key!="last"&&s.crashes[key]);
return html`${pair("wifi",dbm==null?NONE:`${t(dbm<-75?"poor":dbm<-65?"fair":"good")} (${unit(dbm,0,"dBm")})`)}${pair("uptime",`${clock(view.uptime_ms)} (${seconds(view.uptime_ms)})`)}${pair("reason",reason(s.about.last_end))}
${pair("version",s.about.version)}${pair("board",s.about.board)}${pair("memory",part(s.health.heap_free_bytes,1000,0,"kB"))}${s.time?pair("clock",t(s.time.known?"clock_yes":"clock_no")):""}
${crashed.length?pair("crashes",chip("bad",crashed.map(key=>`${key} ${s.crashes[key]}`).join(", "))):""}`
}
const caveats=s=>Object.keys(s.about.caveats).map(name=>html`<p class="soft">${t("caveats",{name:name})}: ${s.about.caveats[name]}</p>`);
// All numbers of the report as they are, in its own words.
const rows=(numbers,prefix="")=>Object.keys(numbers).map(key=>numbers[key]instanceof Object?rows(numbers[key],key+" "):html`<tr><th scope="row">${prefix+key}</th><td>${numbers[key]??NONE}</td></tr>`);
function counters(s){
const groups={};
for(const key in s)if(s[key]instanceof Object&&!Array.isArray(s[key])&&key!="about"&&key!="clamps")groups[key]=s[key];
for(const u of s.units)groups["unit "+u.unit]=u;
return Object.entries({...groups,...s.clamps}).map(([name,numbers])=>html`<h3>${name}</h3><table>${rows(numbers)}</table>`)
}
