// Finds the references in a value that could not be decoded. The peer has counted each `[remote id]` that it wrote, so each
// has to be given back; a pair in a dictionary that only looks like one has not.
import { BYTES_KIND, INTEGER_KIND, LIST_KIND } from "../jelly/element-reader.ts";
import type { BananaReader } from "./reader.ts";

/** The ids of all `[remote id]` in the next `values` values, one entry per occurrence. Deeper than `depth` it does not look. */
export function receiptsIn(reader: BananaReader, values: number, depth: number): number[] {
  const ids: number[] = [];
  for (let i = 0; i < values; i++) value(reader, depth, ids);
  return ids;
}

function value(reader: BananaReader, depth: number, ids: number[]): void {
  if (reader.next() !== LIST_KIND) {
    reader.leave();
    return;
  }
  const count = reader.count();
  if (count === 0 || depth === 0) {
    reader.skip(count);
    return;
  }
  const kind = reader.next();
  const form = kind === BYTES_KIND ? name(reader) : "";
  if (kind === LIST_KIND) reader.skip(reader.count());
  else if (kind !== BYTES_KIND) reader.leave();
  let rest = count - 1;
  if (form === "remote" && rest === 1) {
    const kind = reader.next();
    const id = kind === INTEGER_KIND ? reader.integer() : undefined;
    if (typeof id === "number") ids.push(id);
    else if (kind === LIST_KIND) reader.skip(reader.count());
    else reader.leave();
    return;
  }
  for (; rest > 0; rest--) {
    if (form === "dictionary") pair(reader, depth - 1, ids);
    else value(reader, depth - 1, ids);
  }
}

/** What is not UTF-8 is no form of interest. */
function name(reader: BananaReader): string {
  try {
    return reader.name();
  } catch {
    return "";
  }
}

function pair(reader: BananaReader, depth: number, ids: number[]): void {
  const at = reader.at;
  if (reader.next() !== LIST_KIND || reader.count() !== 2) {
    reader.at = at;
    reader.skip(1);
    return;
  }
  value(reader, depth, ids);
  value(reader, depth, ids);
}
