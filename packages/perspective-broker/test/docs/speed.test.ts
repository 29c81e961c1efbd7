// Figures of speed are those of bench/RESULTS.md: a page quotes its table between the markers of bench/lib/quote.mjs.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pages, root } from "./pages.ts";

const results = join(root, "bench/RESULTS.md");
const written = existsSync(results) ? quoted(readFileSync(results, "utf8")) : undefined; // npm run bench writes it
const quoting = pages.filter((page) => quoted(page.text) !== undefined);

describe("a page that quotes the benchmarks", () => {
  it.skipIf(written === undefined || quoting.length === 0)("has the table that they wrote", () => {
    for (const page of quoting) expect(quoted(page.text), `${page.path}: node bench/quote.mjs`).toBe(written);
  });
});

function quoted(text: string): string | undefined {
  return /<!-- quoted from bench\/RESULTS\.md by npm run bench -->([\s\S]*?)<!-- end of the quote -->/.exec(text)?.[1];
}
