// SPDX-License-Identifier: MIT
// What all screens are made of. Each drawing lists anew what its buttons and fields do: the attribute data-f is the place in that list.
let acts=[];
const on=act=>html`data-f="${acts.push(act)-1}"`;
// text: the key of a word, or a text as it is.
const paragraph=(text,kind="")=>html`<p class="${kind}">${t(text)}</p>`;
const button=(text,act,more)=>html`<button ${on(act)} ${more}>${t(text)}</button>`;
const MAIN=html`class="main"`,OFF=html`disabled`;
const field=(text,value,act,more)=>html`<label>${t(text)}<input value="${value}" ${on(one=>act(one.value))} autocomplete="off" autocapitalize="off" spellcheck="false" ${more}></label>`;
const RADIO=html`radio" name="r`;
const tick=(text,is_on,act,type="checkbox")=>html`<label class="row"><input type="${type}" ${on(one=>act(one.checked))} ${is_on?"checked":""}>${text}</label>`;
const option=(value,chosen,text)=>html`<option value="${value}" ${value==chosen?"selected":""}>${text}</option>`;
const select=(text,act,options)=>html`<label>${t(text)}<select ${on(one=>act(one.value))}>${options}</select></label>`;
const choice=(text,values,chosen,act)=>select(text,act,values.map(value=>option(value,chosen,t(""+value)||NONE)));
// Makes one tree like the other and leaves alone what is alike, so that a field keeps its focus and an open list stays open.
function morph(old,made){
const olds=[...old.childNodes],news=[...made.childNodes];
news.forEach((one,i)=>{
const was=olds[i];
if(was?.nodeName!=one.nodeName)was?was.replaceWith(one):old.append(one);
else if(!was.attributes){if(was.data!=one.data)was.data=one.data}
else{
for(const a of[...was.attributes])if(!one.hasAttribute(a.name))was.removeAttribute(a.name);
for(const a of one.attributes)if(was.getAttribute(a.name)!=a.value)was.setAttribute(a.name,a.value);
morph(was,one);
was.checked=one.checked;
if(one.matches("input,select")&&was!=document.activeElement&&was.value!=one.value)was.value=one.value
}
});
olds.slice(news.length).forEach(one=>one.remove())
}
