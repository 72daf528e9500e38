import type { ModelInputs, ModelTensor, SpectralRotation } from "@thermocline/core";

/** A tensor as models return it. */
export function tensor(type: string, dims: number[], data: unknown): ModelTensor {
  return { type, dims, data };
}

/** A tokenizer with a token a letter, for models that are functions. */
export const letters = (text: string): ModelInputs => ({ input_ids: tensor("int64", [1, text.length], []) });

/** Keys [1, heads, tokens, headDim] that differ in every component. */
export function someKeys(heads: number, tokens: number, headDim: number): ModelTensor {
  const data = Float32Array.from({ length: heads * tokens * headDim }, (_, i) => Math.sin(i * i + 1));
  return tensor("float32", [1, heads, tokens, headDim], data);
}

/** All that a rotation is, to compare two. */
export const contents = (values: SpectralRotation) => [
  values.layerName,
  ...values.eigenvalues,
  ...values.rotationMatrix,
];
