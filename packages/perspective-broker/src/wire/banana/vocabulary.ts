// The vocabulary of dialect `pb` (spec §2.7), as a table.

/** The words of dialect `pb`; the index is the number on the wire, 0 is none. */
export const vocabulary: readonly string[] = [
  "",
  "None",
  "class",
  "dereference",
  "reference",
  "dictionary",
  "function",
  "instance",
  "list",
  "module",
  "persistent",
  "tuple",
  "unpersistable",
  "copy",
  "cache",
  "cached",
  "remote",
  "local",
  "lcache",
  "version",
  "login",
  "password",
  "challenge",
  "logged_in",
  "not_logged_in",
  "cachemessage",
  "message",
  "answer",
  "error",
  "decref",
  "decache",
  "uncache",
];

const numbers: ReadonlyMap<string, number> = new Map(vocabulary.map((word, n) => [word, n] as const).slice(1));
const longest = Math.max(...vocabulary.map((word) => word.length));

// Which (length, first letter) pairs occur at all: most strings are told apart from the vocabulary without a look-up.
const filter = new Uint8Array((longest + 1) << 7);
for (const word of numbers.keys()) filter[(word.length << 7) | word.charCodeAt(0)] = 1;

/** The number of a text in the vocabulary, or 0. */
export function wordNumber(text: string): number {
  const length = text.length;
  if (length < 4 || length > longest) return 0;
  const first = text.charCodeAt(0);
  if (first > 0x7f || filter[(length << 7) | first] === 0) return 0;
  return numbers.get(text) ?? 0;
}

/** The same for bytes. */
export function wordNumberOfBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  if (length < 4 || length > longest) return 0;
  const first = bytes[0] as number;
  if (first > 0x7f || filter[(length << 7) | first] === 0) return 0;
  return numbers.get(String.fromCharCode(...bytes)) ?? 0;
}
