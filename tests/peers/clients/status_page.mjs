// Uses the status page in a real Chromium, as a person does; one JSON line a check. With --pictures FOLDER it takes
// pictures of the page instead.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: args } = parseArgs({
  options: { page: { type: "string" }, pictures: { type: "string" } },
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
const complaints = [];

/** A page that notes what browsers complain about. */
async function open(options, path = "") {
  const context = await browser.newContext({ viewport: { width: 1120, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on("console", (said) => {
    if (["error", "warning"].includes(said.type())) complaints.push(said.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.setDefaultTimeout(30_000);
  await page.goto(new URL(path, args.page).href);
  return page;
}

async function check(name, work) {
  try {
    console.log(JSON.stringify({ check: name, ok: true, detail: String((await work()) ?? "") }));
  } catch (error) {
    console.log(JSON.stringify({ check: name, ok: false, detail: String(error?.message ?? error) }));
  }
}

function expect(holds, why) {
  if (!holds) throw new Error(why);
}

async function tried(page, tool, fields) {
  await page.goto(new URL(`tool?name=${encodeURIComponent(tool)}`, args.page).href);
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name="argument:${name}"]`, value);
  await page.getByRole("button", { name: "Call" }).click();
  const section = page.locator("section", { has: page.locator("#h-result") });
  await section.locator(".badge").waitFor();
  return section.innerText();
}

async function accessible(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  expect(violations.length === 0, violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html)}`).join("; "));
  expect(passes.length > 10, "hardly anything was looked at");
}

async function checks() {
  const page = await open({});
  await page.locator("#live", { hasText: "Follows what happens" }).waitFor();
  await page.evaluate(() => { window.loadedOnce = true; });

  await check("children, tools and configuration are shown", async () => {
    const row = page.locator("#children tr", { hasText: "notes" }).first();
    await row.locator(".badge", { hasText: "Ready" }).waitFor();
    expect((await page.locator("#tools li").count()) === 2, "two tools");
    const text = await page.locator("body").innerText();
    expect(text.includes("<script>document.title = 'broken'</script>"), "a description is text");
    expect(!(await page.title()).includes("broken"), "a description is no markup");
    await page.getByText("notes", { exact: true }).last().click();
    const all = await page.content();
    expect(all.includes("NOTES_KEY=••••••") && !all.includes("hunter2hunter2"), "secrets are masked");
  });

  await check("a tool is called by its form", async () => {
    const other = await open({});
    const said = await tried(other, "notes_echo", { text: "four & <five>", many: "3" });
    expect(said.includes("Done") && said.includes('"text":"four & <five>"') && said.includes('"many":3'), said);
    await accessible(other);
  });

  await check("calls appear on an open page", async () => {
    await page.locator("#calls tr", { hasText: "echo" }).filter({ hasText: "status page" }).first().waitFor();
  });

  await check("arguments that are wrong are told", async () => {
    const other = await open({});
    const said = await tried(other, "notes_echo", { text: "x", many: "1.5" });
    expect(said.includes("Tool error") && said.includes("many"), said);
  });

  await check("what happens to a child is seen without loading anew", async () => {
    const other = await open({});
    const said = await tried(other, "notes_crash", {});
    expect(/Failed|Tool error/.test(said), said);
    await page.locator("#children", { hasText: "the disk is full" }).waitFor();
    await page.locator("#children tr", { hasText: "notes" }).first().locator("td").last().filter({ hasText: "1" }).waitFor();
    expect(await page.evaluate(() => window.loadedOnce), "the page was loaded again");
  });

  await check("what a person opened stays open", async () => {
    const trouble = page.locator("#children details").first();
    if (!(await trouble.evaluate((it) => it.open))) await trouble.locator("summary").press("Enter");
    const row = page.locator("#calls tbody tr");
    const before = await row.count();
    await tried(await open({}), "notes_echo", { text: "again" });
    await page.locator("#calls tbody tr").nth(before).waitFor();
    expect(await page.locator("#children details").first().evaluate((it) => it.open), "it was closed");
  });

  await check("all of it is there without script", async () => {
    const plain = await open({ javaScriptEnabled: false });
    expect((await plain.locator("#children tbody th").first().innerText()) === "notes", "the child");
    expect(!(await plain.locator("#live").isVisible()), "nothing is said to be live");
    const said = await tried(plain, "notes_echo", { text: "plain" });
    expect(said.includes('"text":"plain"'), said);
  });

  await check("a form without its token is refused", async () => {
    const status = await page.evaluate(async () => {
      const body = new URLSearchParams({ name: "notes_echo", json: '{"text":"x"}' });
      return (await fetch("tool", { method: "POST", body })).status;
    });
    expect(status === 403, `status ${status}`);
    // The browser notes that as an error.
    complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes("403")));
  });

  await check("keyboard: the first stops are the sections, and links work", async () => {
    const other = await open({});
    await other.keyboard.press("Tab");
    const first = await other.evaluate(() => document.activeElement.textContent);
    expect(first === "Children", `the first stop is ${first}`);
    await other.locator("#tools a").first().focus();
    await other.keyboard.press("Enter");
    await other.locator("#h-try").waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    await check(`accessible: ${colorScheme}`, async () => {
      await accessible(await open({ colorScheme }));
      await accessible(await open({ colorScheme }, "tool?name=notes_crash"));
      await accessible(await open({ colorScheme }, "login"));
    });
  }

  await check("the browser complains of nothing", () => expect(complaints.length === 0, complaints.join("; ")));
}

async function pictures() {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ colorScheme });
    await page.locator("#children .badge", { hasText: "Parked" }).waitFor();
    await page.locator("#children .badge.good").nth(2).waitFor();
    await tried(page, "weather_forecast", { city: "Oslo" });
    await tried(page, "database_query", { sql: "select" });
    await page.screenshot({ path: `${args.pictures}/status-tool-${colorScheme}.png`, clip: { x: 0, y: 0, width: 1120, height: 720 } });
    await page.goto(args.page);
    await page.locator("#live", { hasText: "Follows" }).waitFor();
    await page.screenshot({ path: `${args.pictures}/status-${colorScheme}.png` });
  }
}

await (args.pictures ? pictures() : checks());
await browser.close();
