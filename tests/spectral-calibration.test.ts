import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AutoModel, AutoModelForCausalLM, AutoTokenizer, env, type PreTrainedModel } from "@huggingface/transformers";
import {
  calibrateSpectralRotation,
  type DecoderModel,
  type ModelInputs,
  type ModelTensor,
  type Progress,
} from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contents } from "./support/model-tensors.js";
import { secondMoment, spanned } from "./support/second-moment.js";

env.allowRemoteModels = false;
env.localModelPath = fileURLToPath(new URL("fixtures/tiny-decoder/", import.meta.url));

/** What the fixture's second implementation found: `keys` are [layer][head][token][dimension]. */
interface Reference {
  readonly text: string;
  readonly tokens: number[];
  readonly generated: number[];
  readonly keys: number[][][][];
}

async function load(folder: string) {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, {});
  const model = await AutoModelForCausalLM.from_pretrained(folder, { dtype: "fp32" });
  const reference: Reference = JSON.parse(readFileSync(`${env.localModelPath}${folder}/keys.json`, "utf8"));
  return { tokenizer, model, reference };
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** The model, and the outputs of every call to it. */
function observed(model: PreTrainedModel) {
  const calls: Record<string, ModelTensor>[] = [];
  const inputs: ModelInputs[] = [];
  const run: DecoderModel = async (given) => {
    inputs.push(given);
    const outputs: Record<string, ModelTensor> = await model(given);
    calls.push(outputs);
    return outputs;
  };
  return { run, calls, inputs };
}

let grouped: Loaded;
let half: Loaded;

beforeAll(async () => {
  grouped = await load("grouped");
  half = await load("half-cache");
});

afterAll(async () => {
  await grouped.model.dispose();
  await half.model.dispose();
});

describe("the tiny decoders", () => {
  it.each(["grouped", "half-cache"])(
    "%s generates with its cache what a second implementation does without",
    async (folder) => {
      const { tokenizer, model, reference } = folder === "grouped" ? grouped : half;
      const inputs = tokenizer(reference.text);
      const output = await model.generate({ ...inputs, max_new_tokens: reference.generated.length, do_sample: false });
      const tokens = Array.from((output as unknown as ModelTensor).data as BigInt64Array, Number);
      expect(tokens).toEqual([...reference.tokens, ...reference.generated]);
    },
  );
});

describe("calibrateSpectralRotation", () => {
  it.each([
    ["grouped", 1e-5],
    ["half-cache", 2e-3],
  ])(
    "%s: rotates to the axes of the keys that a second implementation computes, all heads pooled",
    async (folder, error) => {
      const { tokenizer, model, reference } = folder === "grouped" ? grouped : half;
      const rotations = await calibrateSpectralRotation(model, tokenizer, { texts: [reference.text] });
      expect(rotations.map(({ layerName, headDim }) => [layerName, headDim])).toEqual([
        ["layer_0", 8],
        ["layer_1", 8],
      ]);
      rotations.forEach((rotation, layer) => {
        const expected = secondMoment(reference.keys[layer]!.flat());
        spanned(rotation).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!)).toBeLessThan(error);
        });
        const oneHead = secondMoment(reference.keys[layer]![0]!);
        expect(spanned(rotation).some((value, i) => Math.abs(value - oneHead[i]!) > 10 * error)).toBe(true);
      });
    },
  );

  it("gives orthonormal rotations and eigenvalues that descend, are not negative and sum to the keys' energy", async () => {
    const { tokenizer, model, reference } = grouped;
    const rotations = await calibrateSpectralRotation(model, tokenizer, { texts: [reference.text] });
    rotations.forEach(({ rotationMatrix, eigenvalues, headDim }, layer) => {
      for (let a = 0; a < headDim; a++) {
        for (let b = 0; b <= a; b++) {
          let product = 0;
          for (let i = 0; i < headDim; i++)
            product += rotationMatrix[i * headDim + a]! * rotationMatrix[i * headDim + b]!;
          expect(product).toBeCloseTo(a === b ? 1 : 0, 5);
        }
      }
      const values = [...eigenvalues];
      expect(values).toEqual([...values].sort((a, b) => b - a));
      expect(values.at(-1)).toBeGreaterThanOrEqual(0);
      const keys = reference.keys[layer]!.flat();
      const energy = keys.flat().reduce((sum, value) => sum + value * value, 0) / keys.length;
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(energy, 4);
    });
  });

  it("cuts texts at sequenceLength tokens", async () => {
    const { tokenizer, model, reference } = grouped;
    const options = { texts: [reference.text], sequenceLength: 9 };
    const [first] = await calibrateSpectralRotation(model, tokenizer, options);
    const expected = secondMoment(reference.keys[0]!.flatMap((head) => head.slice(0, 9)));
    spanned(first!).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
  });

  it("runs the first numSamples texts, or all when there are fewer", async () => {
    const { tokenizer, model, reference } = grouped;
    const texts = [reference.text, "Ice floats on both.", "Steam floats above them all."];
    const { run, calls } = observed(model);
    const one = await calibrateSpectralRotation(run, tokenizer, { texts, numSamples: 1 });
    expect(calls.length).toBe(1);
    const alone = await calibrateSpectralRotation(model, tokenizer, { texts: [reference.text] });
    expect(one.map(contents)).toEqual(alone.map(contents));
    await calibrateSpectralRotation(run, tokenizer, { texts });
    expect(calls.length).toBe(1 + 3);
  });

  it("has texts of its own, different ones, and does the same every time", async () => {
    const { tokenizer, model } = grouped;
    const { run, inputs } = observed(model);
    const seen = new Set<string>();
    const progress: Progress[] = [];
    const counting: DecoderModel = (given) => {
      seen.add(String(given.input_ids.data));
      return run(given);
    };
    const options = { numSamples: 70, sequenceLength: 200, onProgress: (step: Progress) => progress.push(step) };
    const once = await calibrateSpectralRotation(counting, tokenizer, options);
    expect(inputs.map(({ input_ids }) => input_ids.dims[1])).toEqual(new Array(70).fill(200));
    expect(seen.size).toBe(70);
    expect(progress).toEqual(Array.from({ length: 70 }, (_, i) => ({ phase: "calibrate", done: i + 1, total: 70 })));
    const again = await calibrateSpectralRotation(model, tokenizer, { numSamples: 70, sequenceLength: 200 });
    expect(again.map(contents)).toEqual(once.map(contents));
  });

  it("asks for one token's logits only, and leaves no tensor behind", async () => {
    const { tokenizer, model, reference } = grouped;
    const shapes: (readonly number[])[] = [];
    const outputs: ModelTensor[] = [];
    const watched: DecoderModel = async (inputs) => {
      const given: Record<string, ModelTensor> = await model(inputs);
      shapes.push([...given.logits!.dims]);
      outputs.push(...Object.values(given), inputs.input_ids);
      return given;
    };
    await calibrateSpectralRotation(watched, tokenizer, { texts: [reference.text] });
    expect(shapes).toEqual([[1, 1, 258]]);
    expect(outputs.map(({ location }) => location)).toEqual(new Array(outputs.length).fill("none"));
  });

  it("stops at the signal, and runs nothing after", async () => {
    const { tokenizer, model } = grouped;
    const { run, calls } = observed(model);
    const controller = new AbortController();
    const onProgress = ({ done }: Progress) => {
      if (done === 2) controller.abort();
    };
    const call = calibrateSpectralRotation(run, tokenizer, {
      signal: controller.signal,
      onProgress,
      sequenceLength: 32,
    });
    await expect(call).rejects.toMatchObject({ name: "AbortError", code: "ABORTED" });
    expect(calls.length).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls.length).toBe(2);
    const late = calibrateSpectralRotation(run, tokenizer, { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ code: "ABORTED" });
    expect(calls.length).toBe(2);
  });

  it("refuses an encoder, which has no keys, and leaves no tensor behind", async () => {
    const encoder = await AutoModel.from_pretrained("encoder", { dtype: "fp32" });
    const tokenizer = await AutoTokenizer.from_pretrained("encoder", {});
    const { run, calls } = observed(encoder);
    const call = calibrateSpectralRotation(run, tokenizer, { texts: ["Cold water sinks."] });
    await expect(call).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("last_hidden_state"),
    });
    expect(Object.values(calls[0]!).map(({ location }) => location)).toEqual(["none"]);
    await encoder.dispose();
  });

  it("refuses texts that give fewer keys than there are directions", async () => {
    const { tokenizer, model } = grouped;
    // Three tokens, each with a key of 8 dimensions in 2 heads.
    const call = calibrateSpectralRotation(model, tokenizer, { texts: ["ab"] });
    await expect(call).rejects.toMatchObject({ code: "ARGUMENT", message: expect.stringContaining("6 keys") });
    await expect(calibrateSpectralRotation(model, tokenizer, { texts: ["ab", ""] })).resolves.toHaveLength(2);
  });

  it("holds the model to device", async () => {
    const { tokenizer, model, reference } = grouped;
    const texts = [reference.text];
    await expect(calibrateSpectralRotation(model, tokenizer, { texts, device: "cpu" })).resolves.toHaveLength(2);
    const elsewhere = calibrateSpectralRotation(model, tokenizer, { texts, device: "gpu" });
    await expect(elsewhere).rejects.toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("webgpu") });
  });

  it.each([
    ["numSamples", { numSamples: 0 }],
    ["sequenceLength", { sequenceLength: 1.5 }],
    ["device", { device: "tpu" }],
    ["texts", { texts: [] }],
    ["texts", { texts: "one text" }],
    ["texts", { texts: [7] }],
    ["signal", { signal: {} }],
    ["samples", { samples: 3 }],
  ])("refuses a bad %s before it runs anything", async (name, options) => {
    const { run, calls } = observed(grouped.model);
    const call = calibrateSpectralRotation(run, grouped.tokenizer, options as object);
    await expect(call).rejects.toMatchObject({ code: "ARGUMENT", message: expect.stringContaining(name) });
    expect(calls).toEqual([]);
  });
});
