import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { bench, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;

describe("the durability of a store", () => {
  const { open, path } = bench("on file");

  it("is full unless another is asked for, and is asked for at each opening", async () => {
    const file = path("durable.db");
    for (const durability of ["normal", undefined, "full", "normal"] as const) {
      const store = await open({ path: file, durability });
      expect(store.stats().durability).toBe(durability ?? "full");
      await store.close();
    }
  });

  it("is nothing in memory, and is refused where it can mean nothing", async () => {
    const store = await Thermocline.open({ durability: "normal" });
    expect(store.stats().durability).toBeUndefined();
    await store.close();
    await refusal(
      open({ path: path("no.db"), durability: "none" as "full" }),
      "ARGUMENT",
      /durability is "none"; use one of full, normal/,
    );
  });

  it("saves from the death of a process whatever it is", async () => {
    const file = path("normal.db");
    const child = new Child(file, { dim: DIM, durability: "normal", cold: { bytes: 4 } });
    expect(await child.answer()).toEqual({ result: "open" });
    const written = records(40, DIM).map((record) => ({ ...record, vector: [...record.vector] }));
    expect(await child.call("upsert", written)).toEqual({ result: null });
    expect(await child.call("demote", { filter: { even: true } })).toEqual({ result: 20 });
    await child.kill();
    const store = await open({ path: file });
    expect(store.stats()).toMatchObject({ records: 40, cold: { rows: 20 } });
  });
});
