// SPDX-License-Identifier: MIT
// Both languages, and HTML that cannot break: html`...` makes text of what is put in, unless it is html itself or a list.
const WORDS=/*words.json*/;
const LANGUAGES=["de","en"];
const wanted=[new URLSearchParams(location.search).get("lang"),...navigator.languages].map(l=>(l||"").slice(0,2));
const LANG=wanted.find(l=>LANGUAGES.includes(l))||"en",LANGUAGE=LANGUAGES.indexOf(LANG);
const filled=(text,values={})=>text.replace(/\{(\w+)\}/g,(_,key)=>values[key]??NONE);
const t=(key,values)=>filled(WORDS[key]?.[LANGUAGE]??key,values);
const quoted=name=>LANG=="de"?`„${name}“`:`“${name}”`;
const safe=value=>value==null?"":Array.isArray(value)?value.map(safe).join(""):value.raw??String(value).replace(/[&<>"]/g,c=>`&#${c.charCodeAt()};`);
const html=(texts,...values)=>({raw:texts.reduce((made,text,i)=>made+safe(values[i-1])+text)});
