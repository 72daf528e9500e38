import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import { checkOptions } from "../store/options.js";
import { integer, shown } from "../store/settings.js";
import type { Progress } from "../types.js";
import { calibrateFromVectors } from "./calibrate-vectors.js";
import { calibrationTexts, checkTexts } from "./calibration-texts.js";
import { type DecoderModel, runText, type TextTokenizer } from "./decoder-model.js";
import { LayerKeys } from "./layer-keys.js";
import type { SpectralRotation } from "./rotation.js";

/** Options of `calibrateSpectralRotation`. */
export interface CalibrateModelOptions {
  /** How many texts are run at most, from 1 to 2¹⁶. Default 64. */
  readonly numSamples?: number | undefined;
  /** Where a text is cut, in tokens, from 1 to 2²⁰. Default 1024. */
  readonly sequenceLength?: number | undefined;
  /**
   * Where the model is meant to run. It runs where it was loaded, so this refuses a model that is elsewhere. Default:
   * wherever it is.
   */
  readonly device?: "cpu" | "gpu" | undefined;
  /** What is run, best of the kind that the model will read. Default: mixed passages that come with the package. */
  readonly texts?: readonly string[] | undefined;
  /** Aborting rejects with code `ABORTED` before the next text is run. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each text, with phase `calibrate`. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Most vectors that are kept of a layer: at headDim 128, 128 for each of its dimensions, and 8 MB. */
const KEYS_A_LAYER = 16_384;

/** Characters that a token seldom outgrows. */
const CHARACTERS_A_TOKEN = 8;

function checkDevice(model: DecoderModel, device: unknown): void {
  if (device === undefined) return;
  if (device !== "cpu" && device !== "gpu") {
    throw new ThermoclineError("ARGUMENT", `device is ${shown(device)}; use one of cpu, gpu.`);
  }
  for (const { config } of Object.values(model.sessions ?? {})) {
    const found = config?.device;
    if (found === undefined || found === "auto") continue;
    if (/cpu|wasm/.test(found) !== (device === "cpu")) {
      const load = `load it with from_pretrained(id, { device: "${device === "cpu" ? "cpu" : "webgpu"}" })`;
      throw new ThermoclineError("UNSUPPORTED", `The model runs on ${found}, device is ${device}; ${load}.`);
    }
  }
}

/**
 * One rotation a layer, from the keys that a decoder-only transformer computes: SpectralQuant's calibration of a
 * key-value cache. Up to `numSamples` texts run through the model one by one, cut at `sequenceLength` tokens; what its
 * cache would hold of them, `present.N.key` with positions rotated in, is sampled down to 16,384 vectors a layer, evenly
 * over texts, heads and positions, all key-value heads pooled. Texts without a token are passed over. Every tensor that
 * is made is disposed; the model stays the caller's. Nothing is imported: pass what transformers.js (3 or 4) loaded. What
 * the model or the tokenizer throws comes through as it is.
 *
 * The published function is `calibrate_spectral_rotation` of `veloxquant_mlx`.
 *
 * @returns the layers in order, each with its `headDim`, named `layer_N` by the model's own count
 * @throws `ARGUMENT` for bad options and texts, and for fewer keys than headDim; `UNSUPPORTED` for a model that gives no
 *   keys, such as an encoder, keys that are not `[1, heads, tokens, headDim]` float32 or float16, and a model that is not
 *   on `device`; `NOT_FINITE` for keys with NaN or infinity; `ABORTED`
 * @example
 * import { AutoModelForCausalLM, AutoTokenizer } from "@huggingface/transformers";
 *
 * const tokenizer = await AutoTokenizer.from_pretrained("onnx-community/Qwen2.5-0.5B-Instruct");
 * const model = await AutoModelForCausalLM.from_pretrained("onnx-community/Qwen2.5-0.5B-Instruct");
 * const rotations = await calibrateSpectralRotation(model, tokenizer, { numSamples: 32 });
 * rotations[0]?.layerName; // "layer_0"
 */
export async function calibrateSpectralRotation(
  model: DecoderModel,
  tokenizer: TextTokenizer,
  options: CalibrateModelOptions = {},
): Promise<SpectralRotation[]> {
  checkOptions("calibrateSpectralRotation", options);
  if (typeof model !== "function" || typeof tokenizer !== "function") {
    const given = `The model is ${shown(model)} and the tokenizer ${shown(tokenizer)}`;
    throw new ThermoclineError("ARGUMENT", `${given}; give what from_pretrained of transformers.js loads.`);
  }
  const { signal, onProgress } = options;
  const numSamples = integer("numSamples", options.numSamples ?? 64, 1, 2 ** 16);
  const sequenceLength = integer("sequenceLength", options.sequenceLength ?? 1024, 1, 2 ** 20);
  if (options.texts !== undefined) checkTexts(options.texts);
  checkDevice(model, options.device);
  const total = Math.min(numSamples, options.texts?.length ?? numSamples);
  const texts = options.texts?.slice(0, total) ?? calibrationTexts(total, sequenceLength * CHARACTERS_A_TOKEN);
  const layers = new Map<number, LayerKeys>();
  let done = 0;
  for (const text of texts) {
    throwIfAborted(signal);
    const inputs = await tokenizer(text, { truncation: true, max_length: sequenceLength });
    await runText(model, inputs, signal, ({ layer, heads, tokens, headDim, read }) => {
      const sample = layers.get(layer) ?? new LayerKeys(headDim);
      layers.set(layer, sample);
      sample.add(read(sample.choose(heads, tokens, Math.floor(KEYS_A_LAYER / total))));
    });
    done += 1;
    onProgress?.({ phase: "calibrate", done, total });
  }
  if (layers.size === 0) throw new ThermoclineError("ARGUMENT", "The texts have no tokens; give longer ones.");
  const rotations: SpectralRotation[] = [];
  for (const [layer, sample] of [...layers].sort(([a], [b]) => a - b)) {
    throwIfAborted(signal);
    const { headDim } = sample;
    const data = sample.take();
    const found = data.length / headDim;
    if (found < headDim) {
      const given = `The texts have ${found} keys in layer ${layer}, fewer than its ${headDim} dimensions`;
      throw new ThermoclineError("ARGUMENT", `${given}; give more or longer texts.`);
    }
    const layerNames = [`layer_${layer}`];
    rotations.push(...(await calibrateFromVectors([{ data, dims: [found, headDim] }], { layerNames })));
  }
  return rotations;
}
