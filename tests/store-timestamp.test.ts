import { Thermocline } from "@thermocline/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Child } from "./support/child.js";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";

afterEach(() => {
  vi.useRealTimers();
});

/** Each above the one before. */
function ascend(times: readonly number[]): boolean {
  return times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0));
}

describe.each(ways)("a store's timestamps %s", (way) => {
  const open = openWays(way);

  it("are the clock's, and never repeat or go back, whatever the clock does", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 5_000 });
    const store = await open();
    expect(await store.timestamp()).toBe(5_000);
    expect([await store.timestamp(), await store.timestamp()]).toEqual([5_001, 5_002]);
    vi.setSystemTime(100);
    expect(await store.timestamp()).toBe(5_003);
    vi.setSystemTime(6_000);
    expect(await store.timestamp()).toBe(6_000);
    expect(ascend(await Promise.all(Array.from({ length: 20 }, () => store.timestamp())))).toBe(true);
  });
});

describe("a file's timestamps", () => {
  const { path } = bench("on file");

  it("go on where they were when it is opened again, copied, or opened from its bytes", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 5_000 });
    let store = await Thermocline.open({ path: path("a.db") });
    await store.timestamp();
    await store.backup(path("b.db"));
    const bytes = await store.toBytes();
    await store.close();
    vi.setSystemTime(0);
    store = await Thermocline.open({ path: path("a.db") });
    const copies = [await Thermocline.open({ path: path("b.db") }), await Thermocline.fromBytes(bytes)];
    for (const each of [store, ...copies]) {
      expect(await each.timestamp()).toBe(5_001);
      await each.close();
    }
    expect(await Thermocline.verify(path("a.db"))).toMatchObject({ ok: true });
    const reader = await Thermocline.open({ path: path("a.db"), readOnly: true });
    await refusal(reader.timestamp(), "UNSUPPORTED", /readOnly/);
    await reader.close();
  });

  it("are one sequence for all processes", async () => {
    const file = path("shared.db");
    const here = await Thermocline.open({ path: file });
    const there = new Child(file, {});
    expect(await there.answer()).toEqual({ result: "open" });
    const given: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { result } = (await there.call("timestamp")) as { result: number };
      given.push(await here.timestamp(), await here.timestamp());
      given.splice(-2, 0, result);
    }
    expect(ascend(given)).toBe(true);
    const beside = await Promise.all([
      ...Array.from({ length: 10 }, () => here.timestamp()),
      ...Array.from({ length: 10 }, async () => ((await there.call("timestamp")) as { result: number }).result),
    ]);
    expect(new Set([...given, ...beside]).size).toBe(50);
    await there.kill();
    await here.close();
  });
});
