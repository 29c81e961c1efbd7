// A small table of short texts that were decoded lately, by their bytes: keys and method names come again and again, and a
// hit costs a comparison instead of a new string (measured on records of a kilobyte: a third of the decoding time). One table
// per process, of fixed size; a collision only replaces an entry.
import { platform } from "#platform";

const LONGEST = 24;
const SIZE = 1024;

const texts = new Array<string>(SIZE).fill("");

/** The text of `buffer[start, end)`, or undefined if it is long or not ASCII. */
export function shortName(buffer: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > LONGEST) return undefined;
  let hash = length;
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = buffer[i] as number;
    seen |= byte;
    hash = (hash * 31 + byte) | 0;
  }
  if (seen > 0x7f) return undefined;
  const slot = (hash ^ (hash >>> 10)) & (SIZE - 1);
  const known = texts[slot] as string;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === buffer[start + i]) i++;
    if (i === length) return known;
  }
  const text = platform.readAscii(buffer, start, end);
  texts[slot] = text;
  return text;
}
