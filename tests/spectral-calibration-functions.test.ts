import { calibrateSpectralRotation, type DecoderModel, type ModelTensor, type TextTokenizer } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { contents, letters, someKeys, tensor } from "./support/model-tensors.js";
import { secondMoment, spanned } from "./support/second-moment.js";

describe("calibrateSpectralRotation on a function in place of a model", () => {
  it("samples layers of more than 16,384 keys, with much the same result", async () => {
    const lengths = [3000, 6000];
    const model: DecoderModel = async ({ input_ids }) => ({ "present.0.key": someKeys(3, input_ids.dims[1]!, 4) });
    const texts = lengths.map((length) => "x".repeat(length));
    const [rotation] = await calibrateSpectralRotation(model, letters, { texts, sequenceLength: 6000 });
    const rows = lengths.flatMap((length) => {
      const keys = someKeys(3, length, 4).data as Float32Array;
      return Array.from({ length: 3 * length }, (_, i) => keys.subarray(4 * i, 4 * i + 4));
    });
    const expected = secondMoment(rows);
    const errors = spanned(rotation!).map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...errors)).toBeLessThan(0.02);
    expect(Math.max(...errors)).toBeGreaterThan(1e-4);
  });

  it("orders layers by number, and lets their heads differ in size", async () => {
    const model: DecoderModel = async () => ({
      "present.10.key": someKeys(1, 20, 6),
      "present.10.value": someKeys(1, 20, 2),
      "present.2.key": someKeys(3, 20, 4),
      "present_conv.3": someKeys(1, 20, 4),
    });
    const rotations = await calibrateSpectralRotation(model, letters, { texts: ["x".repeat(20)] });
    expect(rotations.map(({ layerName, headDim }) => [layerName, headDim])).toEqual([
      ["layer_2", 4],
      ["layer_10", 6],
    ]);
  });

  it("fetches keys that lie on a graphics card", async () => {
    const keys = someKeys(2, 20, 4);
    let disposed = 0;
    const away: ModelTensor = {
      type: keys.type,
      dims: keys.dims,
      location: "gpu-buffer",
      get data(): unknown {
        throw new Error("The data is not here.");
      },
      ort_tensor: { getData: async () => keys.data },
      dispose: () => {
        disposed += 1;
      },
    };
    const texts = ["x".repeat(20)];
    const near = await calibrateSpectralRotation(async () => ({ "present.0.key": keys }), letters, { texts });
    const far = await calibrateSpectralRotation(async () => ({ "present.0.key": away }), letters, { texts });
    expect(far.map(contents)).toEqual(near.map(contents));
    expect(disposed).toBe(1);
  });

  it.each([
    ["keys of another shape", someKeys(1, 19, 4), "UNSUPPORTED"],
    ["keys of a batch", tensor("float32", [2, 1, 20, 4], new Float32Array(160)), "UNSUPPORTED"],
    ["heads and tokens in one", tensor("float32", [2, 20, 4], new Float32Array(160)), "UNSUPPORTED"],
    ["keys of another type", tensor("int8", [1, 1, 20, 4], new Int8Array(80)), "UNSUPPORTED"],
    ["keys that are no numbers", tensor("float32", [1, 1, 20, 4], new Float32Array(80).fill(Number.NaN)), "NOT_FINITE"],
  ])("refuses %s", async (_, key, code) => {
    const call = calibrateSpectralRotation(async () => ({ "present.0.key": key }), letters, {
      texts: ["x".repeat(20)],
    });
    await expect(call).rejects.toMatchObject({ code });
  });

  it("passes on what the model throws", async () => {
    const failing: DecoderModel = () => Promise.reject(new RangeError("out of memory"));
    await expect(calibrateSpectralRotation(failing, letters, { texts: ["warm"] })).rejects.toThrow(RangeError);
  });

  it("does not run texts without tokens", async () => {
    const none: DecoderModel = () => Promise.reject(new Error("There was no token to run."));
    await expect(calibrateSpectralRotation(none, letters, { texts: [""] })).rejects.toMatchObject({ code: "ARGUMENT" });
  });

  it("refuses what is no model or no tokenizer", async () => {
    const none = {} as unknown as DecoderModel;
    await expect(calibrateSpectralRotation(none, letters)).rejects.toMatchObject({ code: "ARGUMENT" });
    const model: DecoderModel = async () => ({ "present.0.key": someKeys(1, 20, 4) });
    const words = ((text: string) => ({ input_ids: text.split(" ") })) as unknown as TextTokenizer;
    const call = calibrateSpectralRotation(model, words);
    await expect(call).rejects.toMatchObject({ code: "ARGUMENT", message: expect.stringContaining("tokenizer") });
  });
});
