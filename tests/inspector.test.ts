import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Thermocline } from "@thermocline/core";
import { type Serving, StoreSource, serveInspector } from "@thermocline/inspector";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { root } from "../scripts/files.mjs";
import { launchChromium } from "./support/chromium.js";
import { Million, scifactFile } from "./support/inspected.js";
import { serveFolder } from "./support/serve-folder.js";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const ROWS = 1_100;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let file: Awaited<ReturnType<typeof scifactFile>>;
let store: Thermocline;
let serving: Serving;
let browser: Browser;

beforeAll(async () => {
  file = await scifactFile(ROWS);
  store = await Thermocline.open({ path: file.path, readOnly: true });
  serving = await serveInspector(new StoreSource(store, "scifact.db"));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await serving?.close();
  await store?.close();
  file?.remove();
});

/** A new page; what it logged is to be nothing, at the end. */
async function opened(url: string, colorScheme: "light" | "dark" = "light"): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_300, height: 900 } });
  const faults: string[] = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(url);
  return { page, faults };
}

const status = (page: Page) => page.locator(".search [role=status]");
const hits = (page: Page) => page.locator(".hit");

async function ask(page: Page, text: string): Promise<void> {
  await page.getByRole("searchbox").fill(text);
  await status(page)
    .filter({ hasText: /hits? in/ })
    .waitFor();
}

async function violations(page: Page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  });
}

describe("the inspector's page", () => {
  it("searches as one types, and says of each hit how it was found", async () => {
    const { page, faults } = await opened(serving.url);
    await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent()).toBe("scifact.db");
    await page.getByRole("searchbox").pressSequentially("cancer cells", { delay: 15 });
    await expect.poll(() => hits(page).count()).toBe(20);
    const expected = await new StoreSource(store, "").search({
      namespace: "default",
      mode: "both",
      text: "cancer cells",
      conditions: [],
      k: 20,
    });
    await expect.poll(() => page.locator(".hit .title").allTextContents()).toEqual(expected.hits.map(({ id }) => id));
    const cold = expected.hits.findIndex(({ tier }) => tier === "cold");
    const { estimate, exact, before, after } = expected.hits[cold] ?? {};
    const numbers = await hits(page).nth(cold).locator(".numbers").textContent();
    expect(numbers).toMatch(
      new RegExp(`^estimate${estimate?.toFixed(3)}exact${exact?.toFixed(3)}rank${before} → ${after}`),
    );
    expect(await hits(page).nth(cold).locator(".tier").textContent()).toBe("cold");
    expect((await page.locator(".hit mark").allTextContents()).join(" ")).toMatch(/cancer/i);
    await page.getByText("Words", { exact: true }).first().click();
    await expect.poll(() => hits(page).first().locator(".numbers").textContent()).not.toMatch(/exact/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("makes filters of the metadata that are clicked, for hits and records alike", async () => {
    const { page, faults } = await opened(serving.url);
    await ask(page, "protein");
    await page.locator(".hit .chip", { hasText: "length short" }).first().click();
    await expect
      .poll(async () => new Set(await page.locator(".hit .chip", { hasText: "length" }).allTextContents()))
      .toEqual(new Set(["length short"]));
    const short = await store.count({ length: "short" });
    await page.locator(".records [role=status]", { hasText: `${short} records match` }).waitFor();
    await page.getByLabel("How length compares").selectOption("is not");
    await page
      .locator(".records [role=status]", { hasText: `${(ROWS - short).toLocaleString("en-US")} records match` })
      .waitFor();
    await page.getByLabel("Remove the condition on length").click();
    await page.locator(".records [role=status]", { hasText: "1,100 records." }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("finds what is like a record, and lights it on the map", async () => {
    const { page, faults } = await opened(serving.url);
    await ask(page, "protein");
    const id = await hits(page).nth(2).locator(".title").textContent();
    await hits(page).nth(2).getByRole("button", { name: "Records like" }).click();
    await expect.poll(() => hits(page).first().locator(".title").textContent()).toBe(id);
    await page.getByRole("img", { name: /^Map of .* 20 of them hits/ }).waitFor();
    await page.getByRole("img", { name: /^Eigenvalues of 384/ }).waitFor();
    await page.getByRole("img", { name: "Bits that the codebook in use gives to each of its coordinates" }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("calls bits a plan while there is no codebook", async () => {
    const hot = await Thermocline.open({ cold: { bytes: 8 } });
    await hot.upsert(
      Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, vector: [Math.sin(i), Math.cos(3 * i), i / 50] })),
    );
    const planned = await serveInspector(new StoreSource(hot, "hot.db"));
    const { page, faults } = await opened(planned.url);
    await page.getByRole("img", { name: "Bits that a codebook would be planned with" }).waitFor();
    await page.getByRole("heading", { name: "Bits planned, as there is no codebook yet" }).waitFor();
    await page.getByText("A code of 8 bytes would give bits to 3 of them.").waitFor();
    expect(faults).toEqual([]);
    await page.close();
    await planned.close();
    await hot.close();
  });

  it("measures the curve when it is asked to", async () => {
    const { page, faults } = await opened(serving.url);
    const curve = { curve: [8, 24].map((bytes) => ({ bytes, recall: at(0.5), candidateRecall: at(0.8) })) };
    await page.route("**/api/curve", (route) =>
      route.fulfill({
        contentType: "application/x-ndjson",
        body: `{"progress":0.5}\n${JSON.stringify({ result: { ...curve, targets: [], chosen: 24, sample: { documents: 800, fitted: 800, queries: 200 } } })}\n`,
      }),
    );
    await page.getByRole("button", { name: "Measure" }).click();
    await page.getByRole("img", { name: /This store's 24 bytes a row find 80 %/ }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it.each(["light", "dark"] as const)("has nothing that axe finds, %s", async (scheme) => {
    const { page, faults } = await opened(serving.url, scheme);
    await ask(page, "protein");
    await page.locator(".hit .chip").first().click();
    await page.getByRole("img", { name: /^Map/ }).waitFor();
    await page.locator(".rows [role=row]").first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.locator(".hit .title").first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Like this" }).waitFor();
    expect(await violations(page)).toEqual([]);
    // The other theme, chosen by hand.
    await page.keyboard.press("Escape");
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const before = await ground();
    await page.getByText(scheme === "light" ? "dark" : "light", { exact: true }).click();
    expect(await ground()).not.toBe(before);
    expect(await violations(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("says that a filter's records are being read, never another filter's number", async () => {
    const { page, faults } = await opened(serving.url);
    const read = page.locator(".records [role=status]");
    await read.filter({ hasText: "1,100 records." }).waitFor();
    await ask(page, "protein");
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route("**/api/page", async (route) => {
      await held;
      await route.continue().catch(() => {}); // what is no longer wanted was aborted
    });
    await page.locator(".hit .chip").first().click();
    await page.locator(".condition").waitFor();
    expect(await read.textContent()).toBe("Reading …");
    await page.locator(".condition .remove").click();
    await page.locator(".condition").waitFor({ state: "detached" });
    expect(await read.textContent()).toBe("Reading …");
    go();
    await read.filter({ hasText: "1,100 records." }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("can be used by the keyboard alone", async () => {
    const { page } = await opened(serving.url);
    await page.locator(".rows [role=row]").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("protein");
    await expect.poll(() => hits(page).count()).toBe(20);
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
    for (let i = 0; i < 6 && !(await page.evaluate(() => document.activeElement?.matches("[data-hit]"))); i++) {
      await page.keyboard.press("Tab");
    }
    const ids = await page.locator(".hit .title").allTextContents();
    expect(await focused()).toBe(ids[0]);
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe(ids[1]);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focused()).toBe(ids[1]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".condition").waitFor();
    await page.locator(".condition .remove").press("Enter");
    await page.locator(".records [role=status]", { hasText: "1,100 records." }).waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.locator("#row-1099.active").waitFor();
    await page.locator("#row-1099", { hasText: "row: 1099" }).waitFor();
    await page.keyboard.press("PageUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.close();
  });
});

describe("a million records", () => {
  it("are scrolled through with a screenful in the page, and only what is looked at is asked for", async () => {
    const million = new Million(new StoreSource(store, "million.db"));
    const served = await serveInspector(million);
    const { page, faults } = await opened(served.url);
    const grid = page.getByRole("grid");
    await page.locator(".records [role=status]", { hasText: "1,000,000 records." }).waitFor();
    await page.locator("#row-0", { hasText: "record-0" }).waitFor();
    const rows = () => page.locator(".rows [role=row]").count();
    expect(await rows()).toBeLessThan(40);
    // A drag of the scrollbar from end to end: a step a frame, faster than any page could be read.
    await grid.evaluate(async (element) => {
      for (let step = 0; step <= 60; step++) {
        element.scrollTop = (step / 60) * (element.scrollHeight - element.clientHeight);
        await new Promise(requestAnimationFrame);
      }
    });
    await page.locator("#row-999999", { hasText: "record-999999" }).waitFor();
    expect(await rows()).toBeLessThan(40);
    expect(million.asked.length).toBeLessThan(15);
    // Half way, and then on by the wheel and by the keyboard.
    await grid.evaluate((element) => {
      element.scrollTop = (element.scrollHeight - element.clientHeight) / 2;
    });
    await page.locator("#row-500000", { hasText: "record-500000" }).waitFor();
    await grid.hover();
    for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 120);
    await expect.poll(() => page.locator(".rows [role=row]", { hasText: "…" }).count()).toBe(0);
    const shown = await page
      .locator(".rows [role=row]")
      .evaluateAll((all) =>
        all.map((row) => [Number(row.getAttribute("aria-rowindex")) - 2, row.children[1]?.textContent] as const),
      );
    for (const [place, id] of shown) expect(id).toBe(`record-${place}`);
    await grid.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    await page.locator("#row-999998.active", { hasText: "record-999998" }).waitFor();
    expect(new Set(million.asked.map(({ limit }) => limit))).toEqual(new Set([100]));
    expect(faults).toEqual([]);
    await page.close();
    await served.close();
  });
});

describe("the static page", () => {
  it("opens a file in the browser with the same answers, and sends nothing anywhere", async () => {
    const { server, url } = await serveFolder(`${root}packages/inspector/dist/static`);
    const { page, faults } = await opened(url);
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() !== "GET" || !request.url().startsWith(url))
        sent.push(`${request.method()} ${request.url()}`);
    });
    expect(await violations(page)).toEqual([]);
    await page.locator("input[type=file]").setInputFiles(file.path);
    await page.getByRole("heading", { level: 1, name: "scifact.db" }).waitFor();
    await page.getByText("Meaning", { exact: true }).click();
    await ask(page, "cancer cells");
    const question = { namespace: "default", mode: "meaning", text: "cancer cells", conditions: [], k: 20 } as const;
    const expected = await new StoreSource(store, "").search(question);
    expect(await page.locator(".hit .title").allTextContents()).toEqual(expected.hits.map(({ id }) => id));
    await page.getByRole("img", { name: /^Map of/ }).waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.locator("#row-1099", { hasText: "row: 1099" }).waitFor();
    expect(sent).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
    server.close();
  });

  it("says why a file is none", async () => {
    const { server, url } = await serveFolder(`${root}packages/inspector/dist/static`);
    const { page } = await opened(url);
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no store") });
    await page
      .getByRole("status")
      .filter({ hasText: /not a|no Thermocline|is no/i })
      .waitFor();
    await page.close();
    server.close();
  });
});

function at(mean: number) {
  return { mean, low: mean - 0.02, high: mean + 0.02 };
}
