import sqlite from "@sqlite.org/sqlite-wasm/sqlite3.wasm";
import { openInWorker, removeStore, type StoreInWorker, verifyInWorker } from "@thermocline/core/browser";
import calibrate from "@thermocline/wasm/calibrate.wasm";
import search from "@thermocline/wasm/search.wasm";
import { mean, ndcgAt } from "../../beir-scifact/src/metrics.js";
import { abstracts, type Claim, claims } from "./scifact.js";

const PATH = "scifact.db";
const ABSTRACTS = 5_183;
/** Rows that stay exact in RAM; all others become codes of 24 bytes, rescored from their originals on disk. */
const HOT = 500;

/** Where the bundler has put the WebAssembly modules. */
const wasm = { sqlite, search, calibrate };

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const say = (text: string) => {
  element("status").textContent = text;
};

function show({ done, total }: { readonly done: number; readonly total: number }): void {
  Object.assign(element<HTMLProgressElement>("progress"), { value: done, max: total });
}

/** Puts what is missing into the store, and moves most of it to the cold tier, which calibrates it. */
async function fill(store: StoreInWorker): Promise<void> {
  let done = 0;
  for await (const records of abstracts(128)) {
    await store.upsert(records);
    done += records.length;
    say(`Storing ${done} of ${ABSTRACTS} abstracts.`);
    show({ done, total: ABSTRACTS });
  }
  say("Fitting codes.");
  await store.demote({ filter: { row: { $gte: HOT } } }, { onProgress: show });
}

/** The ten nearest abstracts of every claim, best first. */
async function ask(store: StoreInWorker, asked: readonly Claim[]): Promise<(readonly [id: string, score: number])[][]> {
  const hits = await Promise.all(asked.map(({ vector }) => store.query({ vector, k: 10 })));
  return hits.map((ten) => ten.map(({ id, score }) => [id, score] as const));
}

/** The longest time that this thread could not paint, in milliseconds, until the function that is returned is called. */
function longestTask(): () => number {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ type: "longtask" });
  return () => {
    observer.disconnect();
    return longest;
  };
}

async function run() {
  const worker = new Worker("worker.js", { type: "module" });
  const store = await openInWorker(
    { path: PATH, dim: 384, hot: { capacity: ABSTRACTS }, cold: { bytes: 24, effort: "fast" }, wasm },
    { worker, persist: true },
  );
  const asked = await claims();
  const found = await store.count();
  const longest = longestTask();
  if (found < ABSTRACTS) await fill(store);
  const blocked = longest();
  const start = performance.now();
  const answers = await ask(store, asked);
  const took = performance.now() - start;
  const ndcg10 = mean(
    answers.map((ten, i) =>
      ndcgAt(
        ten.map(([id]) => id),
        asked[i]?.relevance ?? new Map(),
        10,
      ),
    ),
  );
  const { hot, cold } = await store.stats();
  const origin = found < ABSTRACTS ? "just stored" : "from disk";
  say(
    `${hot.rows} hot and ${cold.rows} cold rows, ${origin}. ${asked.length} claims in ${took.toFixed(0)} ms, ` +
      `nDCG@10 ${ndcg10.toFixed(4)}. Longest task of this page meanwhile: ${blocked.toFixed(0)} ms.`,
  );
  show({ done: 1, total: 1 });
  offer(store, asked);
  return { store, answers, ndcg10, found, blocked };
}

/** What can be done when all is stored. */
function offer(store: StoreInWorker, asked: readonly Claim[]): void {
  const choice = element<HTMLSelectElement>("claim");
  choice.append(...asked.map(({ text }, i) => new Option(text, String(i))));
  choice.onchange = async () => {
    const claim = asked[Number(choice.value)];
    if (!claim) return;
    const hits = await store.query({ vector: claim.vector, k: 10 });
    element("hits").replaceChildren(
      ...hits.map(({ score, text = "" }) => {
        const row = document.createElement("tr");
        for (const cell of [score.toFixed(3), text.split("\n")[0] ?? ""]) row.insertCell().textContent = cell;
        return row;
      }),
    );
  };
  element("download").onclick = async () => {
    const bytes = await store.toBytes();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes as BlobPart]));
    link.download = PATH;
    link.click();
  };
  element("remove").onclick = async () => {
    await store.close();
    await removeStore(PATH);
    location.reload();
  };
}

const running = run();
running.catch((error: Error) => say(`${error.name}: ${error.message}`));
// For the console.
Object.assign(globalThis, { running, openInWorker, removeStore, verifyInWorker, wasm });
