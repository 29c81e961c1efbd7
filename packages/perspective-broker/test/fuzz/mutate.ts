// Frames that no honest end would send: recorded ones with something changed, and ones made up of the grammar of docs/pb7.md.
import type { Random } from "./random.ts";

const HEAD = 4;
const CALL = 0x13;
const ANSWER = 0x14;
const types = [
  0x01, 0x02, 0x03, 0x06, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e,
  0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
] as const;
/** Those whose body is numbers. */
const numeric = [
  0x03, 0x16, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x20, 0x21, 0x23, 0x25, 0x25, 0x26, 0x26,
] as const;
const interesting = [
  0, 1, 2, 7, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x1c, 0x21, 0x2a, 0x2b, 0x40, 0x7f, 0x80, 0xff,
];
const numbers = [
  0,
  1,
  2,
  3,
  4,
  5,
  8,
  127,
  128,
  255,
  1000,
  65_535,
  65_536,
  2 ** 20,
  2 ** 31,
  2 ** 32,
  2 ** 52,
  2 ** 53 - 1,
];
const methods = [
  ..."echo nothing fail two twoLater newTwo values bytes stock setPrice setPriceOnly keep kept letGo callBack".split(
    " ",
  ),
  ..."callMuch wait about items sum self three later hear price login loginAnonymous room say point".split(" "),
];

export function frame(type: number, body: readonly number[] | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD + body.length);
  bytes[0] = type;
  setLength(bytes, body.length);
  bytes.set(body, HEAD);
  return bytes;
}

export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

const texts = new Map<string, readonly number[]>();

/** One of a few strings of ASCII. */
export function text(value: string): readonly number[] {
  let bytes = texts.get(value);
  if (bytes === undefined) {
    bytes = [0x40 + value.length, ...Buffer.from(value, "latin1")];
    texts.set(value, bytes);
  }
  return bytes;
}

function setLength(bytes: Uint8Array, length: number): void {
  bytes[1] = length & 255;
  bytes[2] = (length >> 8) & 255;
  bytes[3] = (length >> 16) & 255;
}

/** One frame that is not as it was. `pool` are recorded ones of the same side. */
export function mutated(random: Random, original: Uint8Array, pool: readonly Uint8Array[]): Uint8Array {
  late = false;
  rough = random.oneIn(roughness);
  if (!rough) return gentle(random, original);
  const bytes = original.slice();
  const length = bytes.length - HEAD;
  const at = HEAD + (length > 200 && !random.oneIn(4) ? random.below(64) : random.below(Math.max(1, length)));
  switch (random.below(20)) {
    case 0:
    case 1:
    case 2:
      if (length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 3:
    case 4:
    case 5:
      if (length > 0) bytes[at] = random.oneIn(2) ? random.pick(interesting) : random.below(256);
      return bytes;
    case 6:
      return frame(bytes[0] as number, bytes.subarray(HEAD, at));
    case 7:
      return frame(bytes[0] as number, [...bytes.subarray(HEAD, HEAD + Math.min(length, 4000)), ...someBytes(random)]);
    case 8:
      // A length that is not that of the body.
      setLength(bytes, random.oneIn(20) ? random.below(2 ** 24) : Math.max(0, length + random.below(9) - 4));
      return bytes;
    case 9:
    case 10:
      return spliced(bytes, at, 1, varint(number(random)));
    case 11:
      bytes[0] = random.oneIn(4) ? random.below(256) : random.pick(types);
      return bytes;
    case 12:
      return spliced(bytes, at, 0, someBytes(random));
    case 13:
      return spliced(bytes, at, 1 + random.below(4), []);
    case 14:
      // A huge count.
      return spliced(bytes, at, 1, [
        random.pick([0x10, 0x12, 0x14, 0x15, 0x17, 0x08, 0x0b]),
        ...varint(number(random)),
      ]);
    case 15:
      return spliced(bytes, at, 1, nested(random));
    case 16:
      return spliced(bytes, at, 1, value(random, 3));
    case 17: {
      // The flags.
      if (length > 0) bytes[HEAD] = (bytes[HEAD] as number) ^ random.pick([1, 2, 4, 8, 16, 32, 64, 96, 128]);
      return bytes;
    }
    case 18: {
      // The tail of another.
      const other = random.pick(pool);
      const tail = other.subarray(HEAD + random.below(Math.max(1, Math.min(64, other.length - HEAD))));
      return frame(bytes[0] as number, [...bytes.subarray(HEAD, at), ...tail.subarray(0, 2000)]);
    }
    default:
      return invented(random);
  }
}

/** A frame of the grammar, mostly well-formed, about ids that may be there. */
export function invented(random: Random): Uint8Array {
  rough = random.oneIn(roughness);
  return rough ? anything(random) : harmless(random);
}

/** A case begins. One frame in so many may break the rules so that the connection ends. */
export function setRoughness(oneIn: number): void {
  roughness = oneIn;
  // Transfers are numbered behind those of the recording.
  transfers = 20;
}
let roughness = 3;

/** Whether what is made may break the rules so that the connection ends. */
let rough = true;
/** Whether it may refer to what comes later. */
let late = false;

/** Changed so that most of it can still be followed: what is wrong concerns one call. */
function gentle(random: Random, original: Uint8Array): Uint8Array {
  const bytes = original.slice();
  const length = bytes.length - HEAD;
  if (bytes[0] !== CALL || length < 6 || length > 4000) return harmless(random);
  const at = HEAD + 5 + random.below(length - 5);
  const byte = bytes[at] as number;
  // A letter stays a letter, and a number a number; what may be a length stays as it is, mostly.
  if (byte >= 0x61 && byte < 0x7b) bytes[at] = 0x61 + random.below(26);
  else if (byte >= 0x80 && (bytes[at - 1] as number) < 0x80) bytes[at] = 0x80 | random.below(128);
  else if (random.oneIn(10)) bytes[at] = byte ^ (1 << random.below(3));
  else return call(random);
  return bytes;
}

/** What any end can take at any time. */
function harmless(random: Random): Uint8Array {
  switch (random.below(24)) {
    case 0:
      return frame(0x01, []);
    case 1:
      return frame(0x02, []);
    case 2:
      return frame(0x11, text(random.pick(methods)));
    case 3:
      return frame(0x12, [2, ...text("a"), ...text(random.pick(["b", "a", "__proto__", "1"]))]);
    case 4:
      return frame(0x28, [...varint(id(random)), ...chain(random), 1, ...chain(random), ...text("who")]);
    case 5:
    case 6:
      return frame(random.pick([0x19, 0x1a, 0x1b, 0x1d, 0x1e]), varint(callId(random)));
    case 7:
      return frame(0x1c, varint(number(random)));
    default:
      return call(random);
  }
}

function anything(random: Random): Uint8Array {
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return call(random);
    case 5:
    case 6:
      return frame(ANSWER, [flagsOf(random), ...varint(id(random)), ...value(random, 4)]);
    case 7:
      return frame(0x15, [flagsOf(random) | random.below(4), ...varint(id(random)), ...failure(random)]);
    case 8:
      return frame(random.pick(numeric), numbersOf(random));
    case 9:
      return random.oneIn(2) ? item(random) : piece(random);
    case 10:
      return rare(random);
    default:
      return frame(random.pick(types), someBytes(random));
  }
}

function call(random: Random): Uint8Array {
  const target = rough ? random.pick([0, 0, 0x20, 0x20, 0x20, 0x40, 0x60]) : random.pick([0, 0x20, 0x20, 0x20, 0x60]);
  const withEnvelope = random.oneIn(6);
  const withKeywords = random.oneIn(8);
  late = random.oneIn(rough ? 4 : 16);
  const flags = (random.oneIn(2) ? 4 : 0) | (late ? 0x80 : 0) | random.pick([0, 1, 1, 2, 3]);
  const body = [target | flags | (withEnvelope ? 0x10 : 0) | (withKeywords ? 8 : 0)];
  body.push(...varint(callId(random)));
  if (target === 0x20) body.push(...name(random, ["root", "root", "root", "sane", "none"]));
  else body.push(...varint(target === 0x60 ? callId(random) : id(random)));
  body.push(...name(random, methods));
  if (withEnvelope) body.push(...envelope(random));
  const count = random.below(4);
  body.push(...varint(rough && random.oneIn(30) ? number(random) : count));
  for (let i = 0; i < count; i++) body.push(...value(random, 3));
  if (withKeywords) body.push(1, ...text("key"), ...value(random, 2));
  return frame(CALL, body);
}

/** Of a call of this side, made up before perhaps. */
function callId(random: Random): number {
  return random.oneIn(4) ? id(random) : 100 + random.below(60);
}

function envelope(random: Random): number[] {
  const bits = random.below(8);
  const body = [bits];
  if ((bits & 1) !== 0) body.push(...varint(number(random)));
  if ((bits & 2) !== 0) body.push(...chain(random), ...varint(number(random)));
  if ((bits & 4) !== 0) body.push(...text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ...text("a=b"));
  return body;
}

function chain(random: Random): number[] {
  const where = random.below(rough && random.oneIn(20) ? 256 : 3);
  return [where, ...(where === 2 ? varint(number(random)) : []), ...varint(number(random))];
}

function failure(random: Random): number[] {
  if (random.oneIn(4)) return [0x20, ...name(random, ["fuzz.Refused", "fuzz.Point"]), ...value(random, 2)];
  const parents = random.oneIn(4) ? value(random, 2) : [0x10, 1, ...text("a.b")];
  return [...text("a.b"), ...text("message"), ...parents, 1, ...(random.oneIn(2) ? [1] : value(random, 3))];
}

function item(random: Random): Uint8Array {
  const type = random.pick([0x22, 0x22, 0x24, 0x27]);
  const body = type === 0x22 ? value(random, 3) : failure(random);
  return frame(type, [flagsOf(random), ...varint(id(random)), ...body]);
}

function piece(random: Random): Uint8Array {
  return frame(0x1f, [...varint(id(random)), ...new Array<number>(random.pick([0, 1, 2, 5, 40, 500])).fill(0x61)]);
}

function rare(random: Random): Uint8Array {
  switch (random.below(7)) {
    case 0:
      return frame(0x01, []);
    case 1:
      return frame(0x11, text(random.pick(methods)));
    case 2:
      return frame(0x12, [2, ...text("a"), ...text(random.pick(["b", "a", "__proto__", "1"]))]);
    case 3:
      return frame(0x10, [1, ...numbersOf(random), ...numbersOf(random)]);
    case 4:
      return frame(0x06, [...text("CLOSED"), ...text("as agreed")]);
    case 5:
      return frame(0x28, [...varint(id(random)), ...chain(random), 1, ...chain(random), ...text("who")]);
    default:
      return frame(random.below(256), someBytes(random));
  }
}

/** Tags that say something of what the connection has, and end it if that is not so. */
const lethal: ReadonlySet<number> = new Set([0x13, 0x1e, 0x22, 0x23]);

/** A value of the grammar; now and then of a tag that there is not. */
export function value(random: Random, depth: number): readonly number[] {
  const tag = random.below(depth > 0 ? 44 : 16);
  if (!rough && (lethal.has(tag) || (tag === 0x21 && late))) return [0x80 + tag];
  const inside = () => value(random, depth - 1);
  const several = (count: number) => {
    const bytes: number[] = [];
    for (let i = 0; i < count; i++) bytes.push(...inside());
    return bytes;
  };
  switch (tag) {
    case 0x00:
    case 0x01:
    case 0x02:
    case 0x03:
      return [tag];
    case 0x04:
      return [tag, ...varint(random.oneIn(9) ? number(random) : random.below(2 ** 32))];
    case 0x05:
    case 0x06:
    case 0x18:
      return [tag, ...new Array(8).fill(random.below(256))];
    case 0x07: {
      const length = random.below(5);
      return [tag, ...varint(length * 2 + random.below(2)), ...new Array(length).fill(random.below(256))];
    }
    case 0x08:
      return random.oneIn(2) ? text("text") : [tag, 3, 0x61, 0x62, 0x63];
    case 0x09:
      return [tag, 2, 0xc3, random.oneIn(3) ? random.below(256) : 0xa9];
    case 0x0a:
      return [tag, 1, 0, random.pick([0, 0xd8])];
    case 0x0b:
      return [tag, 2, 1, 2];
    case 0x0c:
      return [tag, random.below(random.oneIn(9) ? 256 : 12), 8, 0, 0, 0, 0, 0, 0, 0, 0];
    case 0x0d:
      return [tag, ...varint(transferId(random)), ...varint(transferLength(random))];
    case 0x0e:
    case 0x0f:
      return [tag, random.below(12), ...varint(transferId(random)), ...varint(transferLength(random))];
    case 0x10:
    case 0x15:
    case 0x16:
    case 0x17: {
      const count = random.below(4);
      return [tag, ...varint(rough && random.oneIn(30) ? number(random) : count), ...several(count)];
    }
    case 0x11:
      return random.oneIn(3) ? [tag] : [0x10, 2, 0x11, ...inside()];
    case 0x12:
      return [tag, 2, ...text("a"), ...inside(), ...text(random.pick(["b", "a", "__proto__", "then"])), ...inside()];
    case 0x13:
      return [tag, ...varint(random.below(3)), ...several(2)];
    case 0x14:
      return [tag, 2, ...several(4)];
    case 0x19:
      return [tag, ...text(random.pick(["a+", "(", "[a-z]{1,9}"])), ...text(random.pick(["g", "gg", ""]))];
    case 0x1a:
      return [tag, ...text(random.pick(["http://a/", "x"]))];
    case 0x1b:
      return [tag, random.below(random.oneIn(9) ? 256 : 9), ...text("E"), ...text("m"), ...several(2), 0x12, 0];
    case 0x1c:
      return [tag, ...varint(random.below(random.oneIn(5) ? 40 : 4))];
    case 0x1d:
    case 0x1e:
    case 0x22:
    case 0x23:
    case 0x2a:
      return [tag, ...varint(id(random))];
    case 0x1f:
      return [tag, ...text(random.pick(["root", "sane", "none"]))];
    case 0x20:
      return [tag, ...name(random, ["fuzz.Point", "fuzz.Refused", "fuzz.None"]), ...inside()];
    case 0x21:
      return [tag, ...name(random, ["fuzz.Stock", "fuzz.Point"]), ...varint(id(random)), ...inside()];
    case 0x24:
      return [tag, ...text(random.pick(["2020 7 11 1 16 5 344", "2020 7 11", ""]))];
    case 0x25:
      return [tag, ...text(random.pick(["2020 7 11", "2020 7 39"]))];
    case 0x26:
      return [tag, ...text(random.pick(["1 16 0 0", "25 0 0 0"]))];
    case 0x27:
      return [tag, ...text(random.pick(["1 2 3", "a"]))];
    case 0x28:
      return [tag, ...inside(), 0x82];
    case 0x29:
      return [tag, ...text("why")];
    case 0x2b:
      return [tag, ...varint(callId(random))];
    default:
      return rough && random.oneIn(40) ? [random.below(128)] : [0x80 + random.below(128)];
  }
}

function nested(random: Random): number[] {
  const depth = random.pick([3, 60, 511, 512, 600, 3000]);
  const tag = random.pick([0x10, 0x15, 0x17, 0x16]);
  const bytes: number[] = [];
  for (let i = 0; i < depth; i++) bytes.push(tag, 1);
  bytes.push(0x81);
  return bytes;
}

function name(random: Random, of: readonly string[]): number[] {
  return rough && random.oneIn(6) ? varint(random.below(8)) : [0, ...text(random.pick(of))];
}

function flagsOf(random: Random): number {
  return random.pick([0, 0, 4, 4, 0x80, 0x84]);
}

/** They rise. */
function transferId(random: Random): number {
  return rough ? id(random) : ++transfers;
}
let transfers = 0;

function transferLength(random: Random): number {
  if (rough && random.oneIn(20)) return number(random);
  return random.oneIn(4) ? random.below(8) : 0;
}

function id(random: Random): number {
  return random.oneIn(rough ? 12 : 50) ? number(random) : random.below(12);
}

function number(random: Random): number {
  return random.oneIn(3) ? random.below(300) : random.pick(numbers);
}

function numbersOf(random: Random): number[] {
  const body: number[] = [];
  for (let count = 1 + random.below(4); count > 0; count--) body.push(...varint(id(random)));
  return body;
}

function someBytes(random: Random): number[] {
  const bytes: number[] = [];
  for (let count = random.below(12); count > 0; count--) bytes.push(random.below(256));
  return bytes;
}

function spliced(bytes: Uint8Array, at: number, drop: number, insert: readonly number[]): Uint8Array {
  const before = bytes.subarray(HEAD, at);
  const after = bytes.subarray(Math.min(bytes.length, at + drop));
  const body = new Uint8Array(before.length + insert.length + after.length);
  body.set(before);
  body.set(insert, before.length);
  body.set(after, before.length + insert.length);
  return frame(bytes[0] as number, body);
}
