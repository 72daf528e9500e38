import { type Browser, chromium } from "playwright-core";
import { exclusively } from "../../scripts/setup.mjs";
import { ensureChromium } from "../../scripts/toolchain.mjs";

/** Starts a browser that talks to nobody but the pages it is given. */
export async function launchChromium(): Promise<Browser> {
  // Test files run side by side.
  const executablePath = await exclusively(ensureChromium);
  const quiet = ["background-networking", "component-update", "sync", "quic", "gpu"].map((name) => `--disable-${name}`);
  return chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--no-first-run", ...quiet] });
}
