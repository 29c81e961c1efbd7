// Finds the references and caches in a value that could not be decoded. The peer has counted each of them that it wrote, so each
// has to be given back; a pair in a dictionary that only looks like one has not.
import { BYTES_KIND, INTEGER_KIND, LIST_KIND } from "../jelly/element-reader.ts";
import { formNames } from "../jelly/forms.ts";
import type { BananaReader } from "./reader.ts";

export interface Receipts {
  /** The ids in `[remote id]`, one entry per occurrence. */
  readonly objects: number[];
  /** The ids in `[cached id]` and `[tag id state]`. */
  readonly caches: number[];
}

/** What the next `values` values hold. Deeper than `depth` it does not look. */
export function receiptsIn(reader: BananaReader, values: number, depth: number): Receipts {
  const receipts: Receipts = { objects: [], caches: [] };
  for (let i = 0; i < values; i++) value(reader, depth, receipts);
  return receipts;
}

function value(reader: BananaReader, depth: number, receipts: Receipts): void {
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
  const form = kind === BYTES_KIND ? nameOf(reader) : "";
  if (kind === LIST_KIND) reader.skip(reader.count());
  else if (kind !== BYTES_KIND) reader.leave();
  let rest = count - 1;
  const ids = idsOf(form, rest, receipts);
  if (ids !== undefined) {
    const id = integer(reader);
    rest--;
    if (id !== undefined) ids.push(id);
  }
  for (; rest > 0; rest--) {
    if (form === "dictionary") pair(reader, depth - 1, receipts);
    else value(reader, depth - 1, receipts);
  }
}

/** Where the id that follows the form belongs, if one does. */
function idsOf(form: string, operands: number, receipts: Receipts): number[] | undefined {
  if (form === "remote" && operands === 1) return receipts.objects;
  if (form === "cached" && operands === 1) return receipts.caches;
  return operands === 2 && form !== "" && !formNames.includes(form) ? receipts.caches : undefined;
}

function pair(reader: BananaReader, depth: number, receipts: Receipts): void {
  const at = reader.at;
  if (reader.next() !== LIST_KIND || reader.count() !== 2) {
    reader.at = at;
    reader.skip(1);
    return;
  }
  value(reader, depth, receipts);
  value(reader, depth, receipts);
}

function integer(reader: BananaReader): number | undefined {
  const kind = reader.next();
  if (kind === INTEGER_KIND) {
    const id = reader.integer();
    return typeof id === "number" ? id : undefined;
  }
  if (kind === LIST_KIND) reader.skip(reader.count());
  else reader.leave();
  return undefined;
}

/** A name that is not UTF-8 is no form's. */
function nameOf(reader: BananaReader): string {
  const at = reader.at;
  try {
    return reader.name();
  } catch {
    reader.at = at;
    reader.leave();
    return "";
  }
}
