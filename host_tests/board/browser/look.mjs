// SPDX-License-Identifier: MIT
// Opens the page in Chromium as it is told in JSON on stdin, and tells in JSON what was seen.
//     {modules, chromium, address, views: [{width, height, theme, lang, zoom, motion, open, until, waits_ms,
//      limit_ms, locale, zone, answers, gone, keys, shot, axe, run}]}
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";

const task = JSON.parse(readFileSync(0, "utf-8"));
const load = createRequire(task.modules + "/");
const {chromium} = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf-8");

async function seen(browser, view) {
  const context = await browser.newContext({
    viewport: {width: view.width ?? 768, height: view.height ?? 900},
    colorScheme: view.theme ?? "light",
    locale: view.locale ?? "de-DE",
    reducedMotion: view.motion ?? "no-preference",
    timezoneId: view.zone ?? "UTC",
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  const said = [], asked = [], statuses = {};
  page.on("console", message => { if (message.type() == "error") said.push(message.text()); });
  page.on("pageerror", error => said.push(String(error)));
  page.on("request", request => asked.push(request.url()));
  page.on("response", response => { (statuses[new URL(response.url()).pathname] ??= []).push(response.status()); });
  for (const [pattern, answer] of Object.entries(view.answers ?? {}))
    await page.route(pattern, route => answer == "abort" ? route.abort() : route.fulfill(answer));
  const plain = await context.newPage(), before = Date.now();
  await plain.goto(task.address + "log");
  await plain.close();
  const begun = Date.now(), plain_ms = begun - before;
  await page.goto(task.address + (view.lang ? "?lang=" + view.lang : ""));
  await page.waitForSelector(view.until ?? "#cards:not([hidden])", {timeout: view.limit_ms ?? 20000});
  const drawn_ms = Date.now() - begun;
  if (view.gone) await page.route("**/*", route => route.abort());
  if (view.zoom) await page.evaluate(zoom => { document.documentElement.style.fontSize = zoom * 100 + "%"; }, view.zoom);
  if (view.open) await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; });
  await page.waitForTimeout(view.waits_ms ?? 300);
  const found = {said, asked, statuses, plain_ms, drawn_ms};
  if (view.run) found.ran = await page.evaluate(view.run);
  if (view.keys) {
    found.focused = [];
    for (let i = 0; i < view.keys; i++) {
      await page.keyboard.press("Tab");
      found.focused.push(await page.evaluate(() => {
        const one = document.activeElement, style = getComputedStyle(one);
        return [one.tagName, one.textContent.trim().slice(0, 40), style.outlineStyle != "none"];
      }));
    }
  }
  found.text = await page.evaluate(() => document.body.innerText);
  found.lang = await page.evaluate(() => document.documentElement.lang);
  found.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (view.axe !== false) {
    await page.addScriptTag({content: axe});
    const result = await page.evaluate(() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
    found.violations = result.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120) + " " + n.failureSummary).join(" | ")}`);
    found.checked = result.passes.length;
  }
  if (view.shot) await page.screenshot({path: view.shot, fullPage: true});
  await context.close();
  return found;
}

const browser = await chromium.launch({executablePath: task.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"]});
try {
  const found = [];
  for (const view of task.views) found.push(await seen(browser, view));
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
