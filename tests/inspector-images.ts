// Takes the pictures of the inspector that the documentation shows, of SciFact:
//   npm run images
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Thermocline } from "@thermocline/core";
import { StoreSource, serveInspector } from "@thermocline/inspector";
import { root } from "../scripts/files.mjs";
import { launchChromium } from "./support/chromium.js";
import { scifactFile } from "./support/inspected.js";

const folder = `${root}docs/images/`;
mkdirSync(folder, { recursive: true });

const file = await scifactFile(5_183);
const store = await Thermocline.open({ path: file.path, readOnly: true });
const serving = await serveInspector(new StoreSource(store, "scifact.db"));
const browser = await launchChromium();
const writer = await Thermocline.open({ path: file.path });
try {
  for (const [theme, words] of [
    ["light", "vitamin D and bone density"],
    ["dark", "stem cells repair the heart"],
  ] as const) {
    const page = await browser.newPage({ colorScheme: theme, viewport: { width: 1_440, height: 900 } });
    await page.goto(serving.url);
    await page.getByRole("img", { name: /^Map/ }).waitFor({ timeout: 120_000 });
    await page.getByRole("button", { name: "Measure" }).click();
    await page.getByRole("img", { name: /^Recall by bytes/ }).waitFor({ timeout: 600_000 });
    // Somebody else moves rows while the page looks on.
    for (let from = 0; from < 1_200; from += 300) {
      await sleep(2_100);
      await writer.demote({ filter: { row: { $gte: from, $lt: from + 200 } } });
    }
    await sleep(2_500);
    await page.getByRole("searchbox").fill(words);
    await page.locator(".hit").first().waitFor();
    await sleep(500);
    await page.screenshot({ path: `${folder}inspector-${theme}.png`, fullPage: true });
    console.log(`docs/images/inspector-${theme}.png`);
    await page.close();
    await writer.promote({ filter: { row: { $lt: 1_200 } } });
  }
} finally {
  await writer.close();
  await browser.close();
  await serving.close();
  await store.close();
  file.remove();
}
