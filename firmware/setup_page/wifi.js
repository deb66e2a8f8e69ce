// SPDX-License-Identifier: MIT
// The home's Wi-Fi: chosen, tested by the board, and only then taken.
const WEAK_DBM=-80;
// net: {ssid_hex, ssid, is_open}, or one without ssid_hex whose name is typed; null until the owner chooses.
let net=null,password="",is_shown=false;
const hex=text=>[...new TextEncoder().encode(text)].map(byte=>(byte+256).toString(16).slice(1)).join("");
const listed=ssid=>state.ssids.find(one=>one.ssid==ssid);
// Before anything is chosen: the network of the config, be it in the list or hidden.
const chosen=()=>net||draft.wifi?.ssid&&(listed(draft.wifi.ssid)||{ssid:draft.wifi.ssid})||{};
const is_kept=()=>state.has_password&&chosen().ssid==draft.wifi?.ssid;
function test_wifi(){
const one=chosen();
notes.wifi=one.ssid;
changed();
order("/wifi",()=>({ssid_hex:one.ssid_hex||hex(one.ssid),...!password&&is_kept()?{}:{password:one.is_open?"":password}}),()=>{state.wifi={state:"testing"}})
}
function wifi_screen(){
const wifi=state.wifi,one=chosen(),is_testing=wifi.state=="testing"||is_pending("/wifi"),is_good=wifi.state=="good",values={name:quoted(notes.wifi||draft.wifi?.ssid||""),address:wifi.address,ap:quoted(state.name)};
return html`${paragraph(t("wifi_do",values))}
<p role="status" class="large ${is_testing||wifi.state=="untested"?"":is_good?"good":"bad"}">${t("wifi_"+(is_testing?"testing":wifi.state=="untested"&&draft.wifi?"kept":wifi.state),values)} ${is_good&&wifi.rssi_dbm<WEAK_DBM?t("wifi_weak"):""}</p>
<fieldset><legend>${t("wifi")}</legend>
${state.ssids.map(other=>other.ssid&&tick(other.ssid+" · "+(other.is_open?t("open")+" · ":"")+unit(other.rssi_dbm,0,"dBm"),other.ssid==one.ssid&&one.ssid_hex,()=>{net=other},RADIO))}
${tick(t("hidden"),one.ssid!=null&&!one.ssid_hex,()=>{net={ssid:""}},RADIO)}
</fieldset>
${one.ssid==null||one.ssid_hex?"":field("ssid",one.ssid,text=>{net={ssid:text}},html`maxlength="32"`)}
${one.is_open?"":html`${field("password",password,text=>{password=text},html`maxlength="63" type="${is_shown?"text":"password"}" placeholder="${is_kept()?"•••":""}"`)}
${tick(t("show_password"),is_shown,is_on=>{is_shown=is_on})}`}
${button("test",test_wifi,one.ssid&&!is_testing?MAIN:OFF)}`
}
