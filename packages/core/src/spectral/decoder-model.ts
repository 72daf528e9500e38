import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import { loadKernel } from "../kernel/load.js";
import { Pace } from "../pace.js";

/** A tensor, as far as calibration looks at it; the `Tensor` of transformers.js fits. */
export interface ModelTensor {
  /** Keys: `[batch, key-value heads, tokens, headDim]`. */
  readonly dims: readonly number[];
  /** `float32` or `float16`, of keys. */
  readonly type: string;
  /** The numbers, row after row; not to be read while `location` is elsewhere than in main memory. */
  readonly data: unknown;
  readonly location?: string;
  /** The runtime's own tensor, which fetches what lies on a graphics card. */
  readonly ort_tensor?: { getData?(): Promise<unknown> };
  dispose?(): unknown;
}

/** What a tokenizer makes of a text; `input_ids` is `[1, tokens]`. */
export interface ModelInputs {
  readonly input_ids: ModelTensor;
  readonly [name: string]: unknown;
}

/** A tokenizer of transformers.js, or a function that is called like one. */
export type TextTokenizer = (
  text: string,
  options: { readonly truncation: true; readonly max_length: number },
) => ModelInputs | Promise<ModelInputs>;

/** A decoder-only model of transformers.js, or a function from its inputs to outputs with a `present.N.key` for every layer. */
export interface DecoderModel {
  (inputs: ModelInputs): Promise<object>;
  readonly sessions?: Readonly<Record<string, { readonly config?: { readonly device?: string } }>>;
}

/** One layer's keys of one text. */
interface TextKeys {
  readonly layer: number;
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
  /** Keys by their row numbers in `[heads][tokens]`. */
  read(rows: Uint32Array): Float32Array;
}

const KEY_OUTPUT = /^present\.(\d+)\.key$/;

function isTensor(value: unknown): value is ModelTensor {
  return typeof value === "object" && value !== null && "dims" in value && Array.isArray(value.dims);
}

function dispose(tensors: object): void {
  for (const tensor of Object.values(tensors)) if (isTensor(tensor)) tensor.dispose?.();
}

/** The inputs, asking for one token's logits where the model lets one ask: all would be tokens × vocabulary numbers. */
function withoutLogits(inputs: ModelInputs): ModelInputs {
  const { constructor: Tensor } = inputs.input_ids;
  if (Tensor === Object) return inputs;
  return { ...inputs, num_logits_to_keep: Reflect.construct(Tensor, ["int64", [1n], []]) };
}

function keyTensors(outputs: object): [number, ModelTensor][] {
  const found = Object.entries(outputs).flatMap(([name, tensor]): [number, ModelTensor][] => {
    const layer = KEY_OUTPUT.exec(name)?.[1];
    return layer !== undefined && isTensor(tensor) ? [[Number(layer), tensor]] : [];
  });
  if (found.length > 0) return found;
  const names = Object.keys(outputs).slice(0, 4).join(", ");
  const rule = "load a decoder-only model that was exported with its key-value cache (AutoModelForCausalLM)";
  throw new ThermoclineError("UNSUPPORTED", `The model gave no present.N.key but ${names || "nothing"}; ${rule}.`);
}

function checkShape(layer: number, dims: readonly number[], tokens: number): void {
  if (dims.length === 4 && dims[0] === 1 && dims[2] === tokens && dims.every((size) => size > 0)) return;
  const expected = `expected [1, heads, ${tokens}, headDim] for ${tokens} tokens`;
  const why = "models that lay out their cache in another way cannot be calibrated";
  throw new ThermoclineError(
    "UNSUPPORTED",
    `The keys of layer ${layer} have shape [${dims.join(", ")}], ${expected}; ${why}.`,
  );
}

function copyRows<T extends Float32Array | Uint16Array>(from: T, rows: Uint32Array, into: T): T {
  const width = into.length / rows.length;
  rows.forEach((row, i) => {
    into.set(from.subarray(row * width, (row + 1) * width), i * width);
  });
  return into;
}

/** Reads rows of `width` numbers of a tensor. */
async function readerOf(tensor: ModelTensor, width: number, kernel: Kernel): Promise<TextKeys["read"]> {
  const isHere = tensor.location === undefined || tensor.location.startsWith("cpu");
  const data = isHere ? tensor.data : await tensor.ort_tensor?.getData?.();
  if (tensor.type === "float32" && data instanceof Float32Array) {
    return (rows) => copyRows(data, rows, new Float32Array(rows.length * width));
  }
  // Halves come as a Float16Array where the runtime knows it, else as a Uint16Array.
  if (tensor.type === "float16" && ArrayBuffer.isView(data)) {
    const halves = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
    return (rows) => {
      const copied = copyRows(halves, rows, new Uint16Array(rows.length * width));
      return kernel.fromFloat16(new Uint8Array(copied.buffer));
    };
  }
  const rule = "load the model with float32 or float16 keys";
  throw new ThermoclineError("UNSUPPORTED", `The model's keys are of type ${tensor.type}; ${rule}.`);
}

/**
 * Runs one text and hands over the keys of each layer, alive only during the call of `take`. Whatever happens, no tensor
 * is left behind. A text without tokens is not run.
 */
export async function runText(
  model: DecoderModel,
  inputs: ModelInputs,
  signal: AbortSignal | undefined,
  take: (keys: TextKeys) => void,
): Promise<void> {
  if (!isTensor(inputs?.input_ids)) {
    throw new ThermoclineError("ARGUMENT", "The tokenizer gave no input_ids tensor; give one of transformers.js.");
  }
  const tokens = inputs.input_ids.dims[1] ?? 0;
  if (tokens === 0) return;
  const kernel = await loadKernel(undefined);
  let outputs: object = {};
  try {
    outputs = await model(withoutLogits(inputs));
    const pace = new Pace(signal);
    for (const [layer, tensor] of keyTensors(outputs)) {
      checkShape(layer, tensor.dims, tokens);
      const [, heads = 0, , headDim = 0] = tensor.dims;
      take({ layer, heads, tokens, headDim, read: await readerOf(tensor, headDim, kernel) });
      if (pace.due) await pace.pause();
    }
  } finally {
    dispose(outputs);
    dispose(inputs);
  }
}
