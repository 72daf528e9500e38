// A worker of Node's cluster. Arguments: the file of a store that its siblings write to as well, and how many records to write.
import cluster from "node:cluster";
import { Thermocline } from "@thermocline/core";

const [path = "", count = "0"] = process.argv.slice(2);
const store = await Thermocline.open({ path });
const name = `w${cluster.worker?.id}`;
for (let i = 0; i < Number(count); i++) {
  await store.upsert([{ id: `${name}-${i}`, vector: [i + 1, 1, 2, 3], metadata: { name } }]);
  if (i % 4 === 0) await store.demote({ filter: { name } });
}
const hits = await store.query({ vector: [1, 1, 2, 3], k: 10_000, filter: { name } });
await store.close();
process.send?.({ found: hits.length }, () => process.exit(0));
