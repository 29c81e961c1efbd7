// The table of RESULTS.md that other pages quote, between two markers that are the same everywhere.
// A page without the markers is none that quotes. The tests of the documentation know the markers, too.
import fs from "node:fs";
import path from "node:path";
import { ROOT } from "./peers.mjs";

export const START = "<!-- quoted from bench/RESULTS.md by npm run bench -->";
export const END = "<!-- end of the quote -->";

const PROJECT = path.resolve(ROOT, "..");
const PAGES = [
  "README.md",
  "packages/perspective-broker/README.md",
  ...fs
    .readdirSync(path.join(PROJECT, "docs"), { recursive: true })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join("docs", file)),
];

/** Writes the quote anew into all pages that have the markers; returns the names of those that changed. */
export function quoteResults() {
  const quote = between(fs.readFileSync(path.join(ROOT, "RESULTS.md"), "utf8"));
  if (quote === null) return [];
  return PAGES.filter((page) => {
    const file = path.join(PROJECT, page);
    const text = fs.readFileSync(file, "utf8");
    const old = between(text);
    if (old === null || old === quote) return false;
    fs.writeFileSync(
      file,
      text.replace(START + old + END, () => START + quote + END),
    );
    return true;
  });
}

function between(text) {
  const start = text.indexOf(START);
  const end = text.indexOf(END, start);
  return start < 0 || end < 0 ? null : text.slice(start + START.length, end);
}
