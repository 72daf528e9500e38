// As an edge runtime wants them: deployed with the worker, since nothing may be compiled there.
import sqlite from "@sqlite.org/sqlite-wasm/sqlite3.wasm";
import { Thermocline, ThermoclineError } from "@thermocline/core";
import calibrate from "@thermocline/wasm/calibrate.wasm";
import search from "@thermocline/wasm/search.wasm";

const wasm = { sqlite, search, calibrate };

/** What the tests ask of the worker: a store in memory from the bytes they send. */
const routes: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  /** Vectors as JSON, with a file's bytes behind them. */
  async "/query"(request) {
    const { bytes, vectors } = await parts(request);
    const store = await Thermocline.fromBytes(bytes, { wasm });
    const answers = [];
    for (const vector of vectors) {
      const hits = await store.query({ vector, k: 10, filter: { i: { $gte: 10 } } });
      answers.push(hits.map(({ id, score, tier, text }) => [id, score, tier, text]));
    }
    const { kernel } = store.stats();
    await store.close();
    return Response.json({ answers, kernel });
  },
  /** Makes a store here, cold rows and all, and sends it. */
  async "/make"(request) {
    const { vectors } = await parts(request);
    const store = await Thermocline.open({ cold: { bytes: 8 }, wasm });
    await store.upsert([{ id: "plain", text: "without a vector" }]);
    await store.upsert(vectors.map((vector, i) => ({ id: `r${i}`, vector, metadata: { i } })));
    await store.demote({ all: true });
    const bytes = await store.toBytes();
    await store.close();
    return new Response(bytes as BodyInit);
  },
  async "/path"() {
    await Thermocline.open({ path: "memory.db", wasm });
    return new Response();
  },
};

async function parts(request: Request): Promise<{ bytes: Uint8Array; vectors: number[][] }> {
  const body = await request.arrayBuffer();
  const [length = 0] = new Uint32Array(body.slice(0, 4));
  const vectors = JSON.parse(new TextDecoder().decode(body.slice(4, 4 + length))) as number[][];
  return { bytes: new Uint8Array(body.slice(4 + length)), vectors };
}

const handler = {
  async fetch(request: Request): Promise<Response> {
    try {
      return (await routes[new URL(request.url).pathname]?.(request)) ?? new Response(null, { status: 404 });
    } catch (error) {
      const code = error instanceof ThermoclineError ? error.code : "OTHER";
      return Response.json({ code, message: String(error) }, { status: 400 });
    }
  },
};
// biome-ignore lint/style/noDefaultExport: the runtime calls it
export default handler;
