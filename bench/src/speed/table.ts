import type { Machine } from "../../../examples/beir-scifact/src/machine.js";
import { type Column, formatNumber, renderTable } from "../../../examples/beir-scifact/src/report/table.js";
import { DATASETS } from "./dataset.js";
import type { SpeedRow } from "./rounds.js";
import type { Target } from "./targets.js";

const COLUMNS: readonly Column<SpeedRow>[] = [
  { title: "", cell: ({ contender }) => contender, align: "left" },
  { title: "", cell: ({ level }) => level, align: "left" },
  { title: "B/row", cell: ({ bytes }) => formatNumber(bytes) },
  { title: "ms/query", cell: ({ msPerQuery }) => formatNumber(msPerQuery, 3) },
  { title: "queries/s", cell: ({ queriesPerSecond }) => formatNumber(queriesPerSecond) },
  { title: "overlap", cell: ({ overlap10 }) => formatNumber(overlap10, 3) },
  { title: "RAM B/row", cell: ({ ramBytesPerRow }) => formatNumber(ramBytesPerRow) },
  { title: "bandwidth", cell: ({ roofline }) => formatNumber(roofline, 2) },
  { title: "open ms", cell: ({ openMs }) => formatNumber(openMs) },
  { title: "build s", cell: ({ buildSeconds }) => formatNumber(buildSeconds, 1) },
];

const TARGETS: readonly Column<Target>[] = [
  { title: "", cell: ({ dataset }) => dataset ?? "scan", align: "left" },
  { title: "", cell: ({ what }) => what, align: "left" },
  { title: "measured", cell: ({ measured }) => formatNumber(measured, 2) },
  { title: "wanted", cell: ({ is, limit }) => `${is} ${limit}`, align: "left" },
  { title: "", cell: ({ met }) => (met === null ? "not measured" : met ? "met" : "MISSED"), align: "left" },
];

/** A table for each data set, fastest first, and one of the promises, under the machine. */
export function renderRows(machine: Machine, rows: readonly SpeedRow[], targets: readonly Target[]): string {
  const { cpu, cores, node, kernel, commit } = machine;
  const where = [cpu, `${cores} cores`, `Node ${node}`, kernel?.isa, commit && `commit ${commit}`];
  const tables = DATASETS.flatMap((dataset) => {
    const own = rows.filter((row) => row.dataset === dataset).sort(bySpeed);
    const [first] = own;
    if (!first) return [];
    const failed = own.flatMap(({ contender, error }) => (error === null ? [] : [`${contender}: ${error}\n`]));
    const size = `${formatNumber(first.rows)} rows of ${first.dim} dimensions, k = ${first.k}`;
    return [`${dataset}: ${size}\n${renderTable(COLUMNS, own)}${failed.join("")}`.trimEnd()];
  });
  const known = targets.filter(({ met }) => met !== null);
  const promises = known.length > 0 ? [renderTable(TARGETS, known).trimEnd()] : [];
  return `${[where.filter(Boolean).join(" · "), ...tables, ...promises].join("\n\n")}\n`;
}

function bySpeed(a: SpeedRow, b: SpeedRow): number {
  return (a.msPerQuery ?? Number.MAX_VALUE) - (b.msPerQuery ?? Number.MAX_VALUE);
}
