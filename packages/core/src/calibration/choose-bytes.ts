import type { CurvePoint, RateDistortion } from "./rate-distortion.js";

/** Which of a point's two recalls a target is about: with originals the candidates' recall is the final one. */
export function recallOf(point: CurvePoint, reranked: boolean) {
  return reranked ? point.candidateRecall : point.recall;
}

/**
 * Whether a target is reached: the lower end of the confidence interval must, so that a lucky sample of queries
 * promises nothing.
 */
export function reaches(point: CurvePoint, target: number, reranked: boolean): boolean {
  return recallOf(point, reranked).low >= target;
}

/**
 * The first rung of an ascending ladder that reaches the target, found by bisection, since recall rises with bytes; the
 * last rung when none does.
 */
export async function chooseBytes(
  curve: Pick<RateDistortion, "point">,
  ladder: readonly number[],
  target: number,
  reranked: boolean,
  signal: AbortSignal | undefined,
  onProgress: (share: number) => void,
): Promise<CurvePoint> {
  const most = Math.ceil(Math.log2(ladder.length)) + 1;
  const measured = new Map<number, CurvePoint>();
  const at = async (rung: number): Promise<CurvePoint> => {
    const begun = measured.size;
    const point =
      measured.get(rung) ??
      (await curve.point(ladder[rung] ?? 0, signal, (share) => onProgress((begun + share) / most)));
    measured.set(rung, point);
    return point;
  };
  let [low, high] = [0, ladder.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reaches(await at(middle), target, reranked)) high = middle;
    else low = middle + 1;
  }
  return at(low);
}
