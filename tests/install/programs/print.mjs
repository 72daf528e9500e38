import { ask } from "./ask.mjs";

const [path] = process.argv.slice(2);
void ask(path ? { path } : {}).then((answer) => console.log(JSON.stringify(answer)));
