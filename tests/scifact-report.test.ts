import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "../examples/beir-scifact/src/options.js";
import { renderRateDistortion } from "../examples/beir-scifact/src/plot/rate-distortion.js";
import { escapeXml } from "../examples/beir-scifact/src/plot/svg.js";
import { bar, Progress } from "../examples/beir-scifact/src/progress.js";
import { formatNumber, renderTable } from "../examples/beir-scifact/src/report/table.js";
import { renderSpeed } from "../examples/beir-scifact/src/report/text.js";
import type { Row } from "../examples/beir-scifact/src/row.js";

function row(change: Partial<Row>): Row {
  return {
    name: "eigen 24 B",
    codec: "eigen",
    scoring: "asymmetric",
    bytes: 24,
    originals: "none",
    ndcg10: 0.5,
    mrr10: 0.5,
    recall10: 0.5,
    overlap10: 0.25,
    ramBytesPerRow: 28,
    diskBytesPerRow: 2000,
    msPerQuery: 0.5,
    ingestRowsPerSecond: 10_000,
    ...change,
  };
}

describe("the command line", () => {
  it("asks for everything when it says nothing", () => {
    expect(parseOptions([])).toEqual({ help: false, json: false, seed: 0 });
  });

  it("is read as typed", () => {
    expect(parseOptions(["--json", "--seed", "3", "--queries=20", "--only", "eigen", "--keep", "dbs"])).toMatchObject({
      json: true,
      seed: 3,
      queries: 20,
      only: "eigen",
      keep: "dbs",
    });
  });

  it.each([
    [["--jsonl"], "--jsonl"],
    [["everything"], "everything"],
    [["--seed", "one"], '--seed takes a whole number from 0 to 4294967295, not "one"'],
    [["--queries", "0"], "--queries takes a whole number from 1"],
    [["--queries", "1.5"], "--queries takes a whole number from 1"],
    [["--only", " "], "--only needs a value"],
    [["--keep"], "--keep"],
  ])("%j is refused with a message that names it", (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe("the table", () => {
  it("aligns words left and numbers right", () => {
    const table = renderTable(
      [
        { title: "name", cell: ([name]: readonly [string, number]) => name, align: "left" },
        { title: "n", cell: ([, n]) => formatNumber(n) },
      ],
      [
        ["short", 7],
        ["somewhat longer", 12_345],
      ],
    );
    expect(table.split("\n")).toEqual([
      "name                  n",
      "───────────────  ──────",
      "short                 7",
      "somewhat longer  12,345",
      "",
    ]);
  });

  it("groups thousands and shows what does not apply as a dash", () => {
    expect(formatNumber(1_234_567.891, 2)).toBe("1,234,567.89");
    expect(formatNumber(999.6)).toBe("1,000");
    expect(formatNumber(0.12345, 4)).toBe("0.1235");
    expect(formatNumber(null)).toBe("–");
  });

  it("is followed by the speed ratio when the run measured both stores", () => {
    const rows = [
      row({ name: "eigen 48 B", msPerQuery: 0.25 }),
      row({ name: "MemoryVectorStore (LangChain)", msPerQuery: 8 }),
    ];
    expect(renderSpeed(rows)).toBe("eigen 48 B is 32.0 times faster per query than MemoryVectorStore\n");
    expect(renderSpeed(rows.slice(1))).toBe("");
  });
});

describe("progress", () => {
  function recorded(isTTY: boolean) {
    const written: string[] = [];
    const clock = { now: 0 };
    const stream = { isTTY, columns: 20, write: (text: string) => written.push(text) };
    return { written, clock, progress: new Progress(stream, () => clock.now) };
  }

  it("redraws one line on a terminal, no oftener than the eye can follow, and leaves nothing behind", () => {
    const { written, clock, progress } = recorded(true);
    progress.update("first");
    progress.update("too soon");
    clock.now = 1000;
    progress.update("a line that is longer than the terminal is wide");
    progress.milestone("not on a terminal");
    progress.clear();
    expect(written).toEqual(["\r\u001b[2Kfirst", "\r\u001b[2Ka line that is long", "\r\u001b[2K"]);
  });

  it("writes only milestones where there is no terminal", () => {
    const { written, progress } = recorded(false);
    progress.update("nobody sees this");
    progress.milestone("done with one");
    progress.clear();
    expect(written).toEqual(["done with one\n"]);
  });

  it("draws a bar of a fixed width", () => {
    expect(bar(1, 4, 8)).toBe("██░░░░░░");
    expect(bar(9, 4, 4)).toBe("████");
    expect(bar(0, 0, 2)).toBe("██");
  });
});

describe("the rate-distortion plot", () => {
  const rows = [
    row({
      name: "brute force float32",
      codec: null,
      scoring: null,
      bytes: 1536,
      originals: null,
      ndcg10: 0.6,
      overlap10: 1,
    }),
    row({ name: "eigen 48 B", bytes: 48, ndcg10: 0.55, overlap10: 0.5 }),
    row({}),
    row({ name: "tiered", originals: "float16", ndcg10: 0.6, overlap10: 1 }),
  ];

  it("is the same text for the same figures, whatever the times and the order", () => {
    const later = rows.map((one) => ({ ...one, msPerQuery: 99, ingestRowsPerSecond: 1 })).reverse();
    expect(renderRateDistortion(later)).toBe(renderRateDistortion(rows));
  });

  it("places bytes on a logarithmic axis: a doubling is as wide everywhere", () => {
    const marks = (bytes: number): number[] => {
      const svg = renderRateDistortion([row({ bytes })]);
      return [...svg.matchAll(/<circle class="mark eigen" cx="([\d.]+)"/g)].map(([, x]) => Number(x)).slice(1);
    };
    const [[, at24 = 0] = [], [, at48 = 0] = [], [, at96 = 0] = []] = [24, 48, 96].map(marks);
    expect(at48 - at24).toBeGreaterThan(10);
    expect(at96 - at48).toBeCloseTo(at48 - at24, 1);
  });

  it("says its figures in words for those who cannot see it", () => {
    const description = /<desc[^>]*>([^<]*)</.exec(renderRateDistortion(rows))?.[1];
    expect(description).toContain("eigen: 24 bytes 0.500 and 0.250, 48 bytes 0.550 and 0.500.");
    expect(description).toContain("Exact float32: 1536 bytes 0.600 and 1.");
  });

  it("has colours for a light and a dark page and draws only what was measured", () => {
    const svg = renderRateDistortion(rows);
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toContain('class="mark symmetric"');
  });

  it("escapes what XML would read", () => {
    expect(escapeXml('a < b & "c"')).toBe("a &lt; b &amp; &quot;c&quot;");
  });
});
