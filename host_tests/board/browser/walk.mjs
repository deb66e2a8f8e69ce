// SPDX-License-Identifier: MIT
// Walks through the set-up page in Chromium as it is told in JSON on stdin, and tells in JSON what was seen.
//     {modules, chromium, address, width, theme, locale, zoom, steps: [[action, ...]]}
// Actions: press text | choose_model title (where the board was not sure itself) | fill label text | choose label text | pick text | tick label nth | see text | open hash | look name | axe name | keys n |
// run script | call url | reload | hide ms | cut (the phone's Wi-Fi) | join. Text is found by what a person or a screen reader is told.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const task = JSON.parse(readFileSync(0, "utf-8"));
const load = createRequire(task.modules + "/");
const {chromium} = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf-8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const browser = await chromium.launch({executablePath: task.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"]});
const context = await browser.newContext({
  viewport: {width: task.width ?? 360, height: task.height ?? 740}, colorScheme: task.theme ?? "light", locale: task.locale ?? "de-DE",
  timezoneId: "UTC", serviceWorkers: "block",
});
const page = await context.newPage(), said = [], asked = [], looks = {}, ran = [];
page.setDefaultTimeout(task.limit_ms ?? 15000);
// A request that got no answer is what some walks are about; the browser itself writes it down.
page.on("console", message => { if (message.type() == "error" && !/Failed to load resource/.test(message.text())) said.push(message.text()); });
page.on("pageerror", error => said.push(String(error)));
page.on("dialog", dialog => { said.push("a dialog: " + dialog.message()); dialog.dismiss(); });
page.on("popup", () => said.push("a new window"));
page.on("request", request => asked.push(request.url()));
// What iOS's sheet does not have.
await page.addInitScript(() => {
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {get() { throw new DOMException("not in this sheet", "SecurityError"); }});
  window.open = window.alert = window.confirm = window.prompt = () => { throw new Error("not in this sheet"); };
});

async function checked() {
  await page.addScriptTag({content: axe});
  const result = await page.evaluate(rules => axe.run(document, {runOnly: rules}), RULES);
  return {
    violations: result.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120) + " " + n.failureSummary).join(" | ")}`),
    checked: result.passes.length,
  };
}
async function looked(name, more = {}) {
  looks[name] = {
    text: await page.evaluate(() => document.body.innerText), wide: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    lang: await page.evaluate(() => document.documentElement.lang), ...more,
  };
  if (task.shots) await page.screenshot({path: `${task.shots}-${name}.png`, fullPage: true});
}
const DO = {
  press: text => page.getByRole("button", {name: text, exact: true}).or(page.getByRole("link", {name: text, exact: true})).first().click(),
  choose_model: async text => { const one = page.getByRole("button", {name: text, exact: true}); if (await one.count()) await one.first().click(); },
  fill: (label, text) => page.getByLabel(label, {exact: true}).first().fill(text),
  type: (label, text) => page.getByLabel(label, {exact: true}).first().pressSequentially(text, {delay: 20}),
  choose: (label, text) => page.getByRole("combobox", {name: label, exact: true}).first().selectOption({label: text}),
  pick: text => page.getByRole("combobox").filter({has: page.locator("optgroup")}).first().selectOption({label: text}),
  tick: (label, nth = 0) => page.getByLabel(label).nth(nth).click(),
  see: text => page.getByText(text).first().waitFor(),
  gone: text => page.getByText(text).first().waitFor({state: "hidden"}),
  enabled: text => page.waitForFunction(name => [...document.querySelectorAll("button")].some(b => b.textContent == name && !b.disabled), text),
  open: hash => page.evaluate(to => { location.hash = to; }, hash),
  at: path => page.waitForURL(url => url.pathname == path),
  rest: ms => page.waitForTimeout(ms),
  look: name => looked(name),
  axe: async name => looked(name, await checked()),
  unfold: () => page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; }),
  run: async script => ran.push(await page.evaluate(script)),
  call: async url => ran.push(await (await fetch(url)).text()),
  goto: path => page.goto(task.address + path),
  hide: is => page.evaluate(hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
  }, is),
  cut: () => context.setOffline(true),
  join: () => context.setOffline(false),
  keys: async n => {
    const focused = [];
    for (let i = 0; i < n; i++) {
      await page.keyboard.press("Tab");
      focused.push(await page.evaluate(() => {
        const one = document.activeElement, label = one.labels?.[0]?.innerText || one.textContent;
        return [one.tagName, label.trim().slice(0, 40), getComputedStyle(one).outlineStyle != "none"];
      }));
    }
    ran.push(focused);
  },
  key: name => page.keyboard.press(name),
};

let at = [];
try {
  await page.goto(task.address + (task.path ?? ""));
  if (task.zoom) await page.evaluate(zoom => { document.documentElement.style.fontSize = zoom * 100 + "%"; }, task.zoom);
  for (at of task.steps) await DO[at[0]](...at.slice(1));
  console.log(JSON.stringify({said, asked, looks, ran}));
} catch (error) {
  const text = await page.evaluate(() => document.body.innerText).catch(() => "");
  if (task.shots) await page.screenshot({path: `${task.shots}-failed.png`, fullPage: true}).catch(() => {});
  throw new Error(`${JSON.stringify(at)}: ${error.message}\nerrors: ${said.join("; ")}\nThe page said:\n${text}`);
} finally {
  await browser.close();
}
