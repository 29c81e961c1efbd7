// The values that every peer sends. lib/pyhost.py builds the same ones: keep them equal.

export const HELLO = "hello network";

/** W3: about 1 KB of JSON: ids, strings, floats, an array of 20 small records. */
export function makeDoc() {
  const items = [];
  for (let i = 0; i < 20; i++) items.push({ id: 1000 + i, name: `item-${i}`, v: i * 1.25 + 0.1 });
  return {
    id: 123456789,
    uid: "f3a1c9d2-7b64-4e0a-9c55-0d2f6b8a1e77",
    title: "Quarterly sensor report",
    ratio: 0.7251,
    score: 98.6,
    ok: true,
    owner: { id: 42, name: "Ada Lovelace", mail: "ada@example.org" },
    tags: ["alpha", "beta", "gamma"],
    items,
  };
}

/** W4: bytes without a pattern, the same in every run. */
export function makeBytes(n) {
  const bytes = new Uint8Array(n);
  let x = 12345;
  for (let i = 0; i < n; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}
