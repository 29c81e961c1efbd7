// Fills objects of shapes that come often. An engine makes an assignment fast where it has always seen the same key: one
// loop for all shapes has seen them all (17 ns a property). So each of these functions, which are all the same, belongs to one
// shape of the process (3 ns a property; as fast as code made for the shape, and no code is made of what a peer says). When
// all are taken, further shapes are filled by the loop.

interface Source {
  inner(): unknown;
}

type Keys = readonly string[];
type Properties = Record<string, unknown>;

/** Reads a value for each key. */
export type Builder = (from: Source, keys: Keys, object: Properties) => void;

/** By the keys of their shapes. */
const taken = new Map<string, Builder>();

/** The builder of a shape, if it has one or one is left. There are 1 to 64 keys, none of them `__proto__`. */
export function builderOf(keys: Keys): Builder {
  const signature = JSON.stringify(keys);
  const known = taken.get(signature);
  if (known !== undefined) return known;
  const next = builders[taken.size];
  if (next === undefined) return rest;
  taken.set(signature, next);
  return next;
}

function rest(from: Source, keys: Keys, object: Properties): void {
  for (const key of keys) object[key] = from.inner();
}

function restFromEight(from: Source, keys: Keys, object: Properties): void {
  const count = keys.length;
  for (let i = 8; i < count; i++) object[keys[i] as string] = from.inner();
}

function build0(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build1(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build2(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build3(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build4(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build5(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build6(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build7(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build8(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build9(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build10(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

function build11(from: Source, k: Keys, object: Properties): void {
  const n = k.length;
  object[k[0] as string] = from.inner();
  if (n === 1) return;
  object[k[1] as string] = from.inner();
  if (n === 2) return;
  object[k[2] as string] = from.inner();
  if (n === 3) return;
  object[k[3] as string] = from.inner();
  if (n === 4) return;
  object[k[4] as string] = from.inner();
  if (n === 5) return;
  object[k[5] as string] = from.inner();
  if (n === 6) return;
  object[k[6] as string] = from.inner();
  if (n === 7) return;
  object[k[7] as string] = from.inner();
  if (n > 8) restFromEight(from, k, object);
}

const builders: readonly Builder[] = [
  build0,
  build1,
  build2,
  build3,
  build4,
  build5,
  build6,
  build7,
  build8,
  build9,
  build10,
  build11,
];
