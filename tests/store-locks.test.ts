import { readFileSync, statSync } from "node:fs";
import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { bench } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;

/** How many locks of this process Linux knows on a file. */
function locksOn(file: string): number {
  const { ino } = statSync(file);
  const own = new RegExp(`POSIX .* ${process.pid} \\w+:\\w+:${ino} `);
  return readFileSync("/proc/locks", "utf8")
    .split("\n")
    .filter((line) => own.test(line)).length;
}

// A process loses all its locks on a file when it closes any descriptor of it (POSIX). Then another program that closes the file
// takes itself for the last that has it open, and deletes the log into which the store goes on writing.
describe.runIf(process.platform === "linux")("the lock on the file of an open store", () => {
  const { open, path } = bench("on file");

  const looks: Record<string, (file: string, store: Thermocline) => Promise<unknown>> = {
    "is verified": (file) => Thermocline.verify(file),
    "is opened again": async (file) => (await Thermocline.open({ path: file })).close(),
    "is opened again to be read": async (file) => (await Thermocline.open({ path: file, readOnly: true })).close(),
    "is refused to other options": (file) => Thermocline.open({ path: file, dim: DIM + 1 }).catch(() => {}),
    "is copied": async (file, store) => {
      await store.backup(`${file}.copy`);
      await store.toBytes();
    },
    "is written to, and its log merged": async (_, store) => {
      await store.upsert(records(500, DIM));
      await store.compact();
    },
  };
  for (const [what, look] of Object.entries(looks)) {
    it(`is kept when it ${what} in the same process`, async () => {
      const file = path("held.db");
      const store = await open({ path: file, dim: DIM });
      await store.upsert(records(10, DIM));
      expect(locksOn(file)).toBe(1);
      await look(file, store);
      expect(locksOn(file)).toBe(1);
    });
  }
});
