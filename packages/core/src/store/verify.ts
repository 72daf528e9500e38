import { sqliteDriver } from "#driver";
import type { Judge } from "../catalogue/examine.js";
import { examineFile } from "../catalogue/verify.js";
import type { Kernel } from "../kernel/kernel.js";
import { loadKernel } from "../kernel/load.js";
import { throwIfAborted } from "../pace.js";
import type { VerifyOptions, VerifyReport } from "../types.js";
import { checkOptions } from "./options.js";
import { originalBytes } from "./original.js";
import { refuseDamaged } from "./settings.js";
import { validPath } from "./validate.js";

/** Reads a whole file and says what of it is damaged, changing nothing. */
export async function verifyFile(path: string, options: VerifyOptions): Promise<VerifyReport> {
  checkOptions("verify", options);
  const file = validPath(path);
  const { signal, onProgress } = options;
  throwIfAborted(signal);
  const kernel = await loadKernel(options.kernel, options.wasm);
  let last = { done: 0, total: 0 };
  const found = await examineFile(sqliteDriver(options.wasm?.sqlite), file, kernel.checksum, {
    originals: true,
    judge: judgeOf(kernel, file),
    signal,
    onRows: (done, total) => {
      last = { done, total };
      onProgress?.({ phase: "verify", ...last });
    },
  });
  onProgress?.({ phase: "verify", done: last.total, total: last.total });
  const { problems, problemCount, bytes, whole, textIndex } = found;
  return { ok: problemCount === 0, bytes, ...whole, textIndex, problemCount, problems };
}

function judgeOf(kernel: Kernel, path: string): Judge {
  return {
    settings: (settings) => refuseDamaged(path, settings),
    codeBytes: (codebook) => kernel.codec(codebook).bytes,
    vectorBytes: (bits, settings) => originalBytes(bits, Number(settings.get("dim"))),
  };
}
