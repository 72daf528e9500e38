import type { Suite } from "./fresh-process.js";
import { type Order, carryOut as speed } from "./speed/measure.js";
import { type StoreOrder, carryOut as store } from "./store/measure.js";

/** The program of a process that carries out one order: `carry-out <suite> <order as JSON>`; prints what it found as JSON. */
const SUITES: Readonly<Record<Suite, (order: never) => Promise<object>>> = {
  speed: (order: Order) => speed(order),
  store: (order: StoreOrder) => store(order),
};

const [suite, order = ""] = process.argv.slice(2);
console.log(JSON.stringify(await SUITES[suite as Suite](JSON.parse(order) as never)));
