// The codecs of pieces/codecs.mjs as cells of a run: its table is read, and each row is a peer of the workload `codec`.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./peers.mjs";

/** What the goals call some rows, by the rows' own names. */
const NAMES = { pb7: /\bpb7\b/, json: /^JSON to and from bytes$/, msgpackr: /^msgpackr, shared structures$/ };

/** `[{ peer, result }]`; never rejects, as a cell does not. */
export async function runCodecs() {
  try {
    const args = ["--expose-gc", "pieces/codecs.mjs"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 180_000 });
    const rows = readTable(stdout);
    const missing = Object.keys(NAMES).filter((name) => !rows.some((row) => row.peer === name));
    return [
      ...rows,
      ...missing.map((peer) => ({ peer, result: { error: "pieces/codecs.mjs has no row that is this one" } })),
    ];
  } catch (error) {
    const text = String(error?.stderr || error?.message || error).slice(-600);
    return Object.keys(NAMES).map((peer) => ({ peer, result: { error: text } }));
  }
}

/** Reads by the words of the heading, so that further columns do no harm. */
export function readTable(text) {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => /\bencode\b.*\bdecode\b/.test(line));
  if (start < 0) throw new Error("pieces/codecs.mjs printed no table");
  const columns = lines[start].trim().split(/\s+/);
  const found = new Set();
  return lines.slice(start + 1).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const figures = words.slice(-columns.length).map(Number);
    if (words.length <= columns.length || figures.some(Number.isNaN)) return [];
    const row = words.slice(0, -columns.length).join(" ");
    const known = Object.keys(NAMES).find((name) => NAMES[name].test(row) && !found.has(name));
    found.add(known);
    const { bytes, encode, decode } = Object.fromEntries(columns.map((column, i) => [column, figures[i]]));
    return [
      {
        peer: known ?? row,
        result: { rate: 1e9 / (encode + decode), messageBytes: bytes, encodeNs: encode, decodeNs: decode },
      },
    ];
  });
}
