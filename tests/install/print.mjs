import { ask } from "./ask.mjs";

const [path] = process.argv.slice(2);
console.log(JSON.stringify(await ask(path ? { path } : {})));
