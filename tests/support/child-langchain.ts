// A book in a process of its own, which is brought from edition to edition until the process is killed. Argument: the file. It
// prints the number of each edition after it is there.
import { writeSync } from "node:fs";
import { book } from "./langchain-editions.js";

const { bringTo } = book(process.argv[2] ?? "");
await bringTo(0);
writeSync(1, "open\n");
for (let edition = 0; ; edition++) {
  await bringTo(edition);
  writeSync(1, `${edition}\n`);
}
