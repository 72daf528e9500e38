// Verifies a file in a process of its own, whose environment SQLite reads once. Prints the report as JSON.
import { Thermocline } from "@thermocline/core";

console.log(JSON.stringify(await Thermocline.verify(process.argv[2] ?? "")));
