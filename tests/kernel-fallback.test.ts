import { readdir, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Thermocline } from "@thermocline/core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Kernel } from "../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { codeOf } from "./support/error-code.js";
import { Installation, type Order } from "./support/installation.js";
import { refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

// Each store has a process of its own.
vi.setConfig({ testTimeout: 60_000 });

const HERE = `${process.platform}-${process.arch}`;

describe("where the addon is missing", () => {
  let place: Installation;
  beforeAll(async () => {
    place = await Installation.make([".node"]);
  });
  afterAll(() => place.remove());

  it("a store runs on WebAssembly, says why, and prints nothing", async () => {
    const { stores, printed } = await place.run({});
    const fallback = expect.stringMatching(/^Cannot find module '@thermocline\/native-[\w-]+'$/);
    expect(stores).toMatchObject([{ found: ["r7"], kernel: { backend: "wasm", fallback } }]);
    expect(printed).toBe("");
  });

  it("asking for it is refused, with the platform and the remedy", async () => {
    const { stores, printed } = await place.run({ kernel: "native" });
    const message = `The native kernel could not be loaded on ${HERE}: Cannot find module `;
    const remedy = 'Reinstall @thermocline/native on this platform, or let kernel be "auto".';
    expect(stores).toMatchObject([{ code: "KERNEL", message: expect.stringContaining(message) }]);
    expect(stores[0]?.message).toContain(remedy);
    expect(printed).toBe("");
  });

  it("because it is damaged, the loader's own words say so", async () => {
    const broken = await Installation.make([]);
    try {
      const [addon = ""] = (await readdir(broken.path("@thermocline/native"))).filter((name) => name.endsWith(".node"));
      await writeFile(broken.path(`@thermocline/native/${basename(addon)}`), "no library");
      const { stores } = await broken.run({});
      expect(stores).toMatchObject([{ found: ["r7"], kernel: { backend: "wasm" } }]);
      expect(stores[0]?.kernel?.fallback).toMatch(/\.node/);
      expect(stores[0]?.kernel?.fallback).not.toMatch(/Cannot find/);
    } finally {
      await broken.remove();
    }
  });
});

describe("the environment variable THERMOCLINE_KERNEL", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("chooses the kernel, unless the call does", async () => {
    const place = await Installation.make([]);
    try {
      const [chosen, overruled] = await Promise.all([place.run({}, "wasm"), place.run({ kernel: "native" }, "wasm")]);
      expect(chosen.stores).toMatchObject([{ found: ["r7"], kernel: { backend: "wasm" } }]);
      expect(chosen.stores[0]?.kernel?.fallback).toBeUndefined();
      expect(overruled.stores).toMatchObject([{ found: ["r7"], kernel: { backend: "native" } }]);
    } finally {
      await place.remove();
    }
  });

  it("is refused if it names none", async () => {
    vi.stubEnv("THERMOCLINE_KERNEL", "wsam");
    await refusal(() => Thermocline.open(), "ARGUMENT", /^Unknown kernel "wsam"; use one of auto, native, wasm\.$/);
  });
});

describe("where neither the addon nor modules lie beside their packages", () => {
  let place: Installation;
  beforeAll(async () => {
    place = await Installation.make([".node", ".wasm"]);
  });
  afterAll(() => place.remove());

  it("one error says what is wrong with both", async () => {
    const { stores, printed } = await place.run({});
    expect(stores).toMatchObject([{ code: "KERNEL" }]);
    expect(stores[0]?.message).toMatch(
      /^The WebAssembly kernel could not be loaded on .*search_bg\.wasm.* Nor could the native one: Cannot find module '@thermocline\/native-[\w-]+'\. /,
    );
    expect(printed).toBe("");
  });

  it.each(["bytes", "url", "response", "module"] as const)("a store runs on modules given as: %s", async (modules) => {
    const { stores, printed } = await place.run({ modules });
    expect(stores).toMatchObject([{ found: ["r7"], kernel: { backend: "wasm" } }]);
    expect(printed).toBe("");
  });

  it.each([
    ["noise", /The module wasm\.search could not be loaded: .*magic/],
    ["none of ours", /What was given as wasm\.search is another module; give "@thermocline\/wasm\/search\.wasm"\./],
  ] as const)("%s is refused, and takes nothing from who gives the right ones", async (modules, message) => {
    const { stores } = await place.run({ kernel: "wasm", modules, again: true });
    expect(stores).toMatchObject([{ code: "KERNEL", message: expect.stringMatching(message) }, { found: ["r7"] }]);
  });

  it("noise for calibration is refused when it is needed", async () => {
    const order: Order = { kernel: "wasm", modules: "noise to calibrate" };
    const { stores } = await place.run(order);
    const message = expect.stringMatching(/^The module wasm\.calibrate could not be loaded: .*magic/);
    expect(stores).toMatchObject([{ code: "KERNEL", message }]);
  });
});

describe("after a trap in the first module", () => {
  const DIM = 8;
  const all = records(50, DIM);
  const query = { vector: all[7]?.vector ?? [], k: 5 };

  /** More floats than its memory can have. */
  const trap = (kernel: Kernel) => {
    const partition = kernel.partition(4_096, "dot");
    partition.putHot(Uint32Array.of(1), new Float32Array(4_096));
    return refusal(() => partition.hotVectors(new Uint32Array(1 << 17).fill(1)), "KERNEL", /memory was given up/);
  };

  it("open stores say so until they write or are opened anew, and new ones work", async () => {
    const before = await Thermocline.open({ kernel: "wasm" });
    await before.upsert(all);
    const expected = await before.query(query);
    const kernel = await loadKernel("wasm");
    await trap(kernel);

    await refusal(before.query(query), "KERNEL", /close and reopen/);
    const after = await Thermocline.open({ kernel: "wasm" });
    await after.upsert(all);
    expect(await after.query(query)).toEqual(expected);
    await refusal(before.query(query), "KERNEL", /close and reopen/);
    await before.upsert(records(1, DIM));
    expect(await before.query(query)).toEqual(expected);
    await Promise.all([before.close(), after.close()]);
  });

  it("a call with arrays, the first one too, has them read where they are", async () => {
    const kernel = await loadKernel("wasm");
    const bytes = Uint8Array.from({ length: 10_000_000 }, (_, i) => i % 251);
    const expected = kernel.checksum(bytes);
    await trap(kernel);
    expect(kernel.checksum(bytes)).toBe(expected);
  });

  it("what was made before is refused among what is made now", async () => {
    const kernel = await loadKernel("wasm");
    const codec = kernel.codec(await kernel.fit({ codec: "fourier", topK: 2 }, "dot", DIM, new Float32Array(DIM)));
    const batch = kernel.hotBatch(DIM);
    const codes = await codec.encode(new Float32Array(DIM));
    await trap(kernel);
    const partition = kernel.partition(DIM, "dot");
    expect(await codeOf(() => partition.setBlock(0, codec, Uint32Array.of(1), codes, Uint8Array.of(1)))).toBe("KERNEL");
    expect(await codeOf(() => partition.takeHot(batch))).toBe("KERNEL");
    expect(partition.count()).toEqual({ hot: 0, cold: 0 });
  });

  it("a search under way ends, whether it goes on or is aborted", async () => {
    const kernel = await loadKernel("wasm");
    const partition = kernel.partition(64, "dot");
    const rows = 40_000;
    partition.putHot(
      Uint32Array.from({ length: rows }, (_, i) => i),
      new Float32Array(rows * 64).fill(1),
    );
    const request = { queries: new Float32Array(64 * 64).fill(1), hot: 1, cold: 0, symmetric: false };
    const abort = new AbortController();
    const searches = [partition.search(request), partition.search(request, abort.signal)].map((search) =>
      codeOf(() => search),
    );
    await trap(kernel);
    abort.abort();
    expect(await Promise.all(searches)).toEqual(["KERNEL", "ABORTED"]);
    const fresh = kernel.partition(64, "dot");
    fresh.putHot(Uint32Array.of(3), new Float32Array(64).fill(1));
    expect((await fresh.search(request))[0]?.hotRows).toEqual(Uint32Array.of(3));
  });
});

describe("after a trap in the second module", () => {
  it.each([true, false])("the next call is answered as before it (on a thread: %s)", async (threads) => {
    vi.resetModules();
    const { wasmKernel } = await import("../packages/core/src/kernel/wasm.js");
    const kernel = await wasmKernel({ threads });
    const dim = 256;
    const rotation = Float32Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) === 0 ? 1 : 0));
    const basis = { rotation, eigenvalues: new Float64Array(dim).fill(1) };
    const quantizer = await kernel.scalarQuantizer(
      basis,
      Uint8Array.from({ length: dim }, (_, i) => (i === 0 ? 1 : 0)),
    );
    const decoded = () => quantizer.decode(Uint8Array.of(0, 1));
    const expected = await decoded();
    // A byte each, and as rows more than its memory can have.
    const wide = quantizer.decode(new Uint8Array(1 << 21));
    // Of a class of the fresh modules.
    await expect(wide).rejects.toMatchObject({ code: "KERNEL", message: expect.stringContaining("unreachable") });
    expect(await decoded()).toEqual(expected);
  });
});
