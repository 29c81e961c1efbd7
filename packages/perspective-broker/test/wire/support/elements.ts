// Banana once more, short and slow, for the tests alone: written from the specification and not from src/wire, so that the
// two can be held against each other. An expression is plain data; a string in it is a byte string, one character per byte.

/** A number is an integer; floats are wrapped. */
export type Sexp = number | bigint | string | Real | readonly Sexp[];

export class Real {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type DialectName = "pb" | "none";

// Spec §2.7.
const words =
  " None class dereference reference dictionary function instance list module persistent tuple unpersistable copy cache " +
  "cached remote local lcache version login password challenge logged_in not_logged_in cachemessage message answer error " +
  "decref decache uncache";
const vocabulary = words.split(" ");

/** The bytes of an expression. */
export function encode(sexp: Sexp, dialect: DialectName = "pb"): Uint8Array {
  const out: number[] = [];
  write(sexp, dialect, out);
  return Uint8Array.from(out);
}

/** The bytes of several expressions. */
export function encodeAll(sexps: readonly Sexp[], dialect: DialectName = "pb"): Uint8Array {
  return Buffer.concat(sexps.map((sexp) => encode(sexp, dialect)));
}

/** Text as a byte string in UTF-8. */
export function utf8(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** `[unicode text]`. */
export function unicode(text: string): Sexp {
  return ["unicode", utf8(text)];
}

/** The whole expressions in some bytes; throws for what is cut off or is none. */
export function decodeAll(bytes: Uint8Array, dialect: DialectName = "pb"): Sexp[] {
  const found: Sexp[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [sexp, end] = read(bytes, at, dialect);
    found.push(sexp);
    at = end;
  }
  return found;
}

/** The same, each as its own bytes; no more than `most` of them. */
export function cut(
  bytes: Uint8Array,
  dialect: DialectName = "pb",
  most: number = Number.POSITIVE_INFINITY,
): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && found.length < most; ) {
    const end = read(bytes, at, dialect)[1];
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** The first element of a list, without a look at the others. */
export function firstOf(list: Uint8Array, dialect: DialectName = "pb"): Sexp {
  return read(list, list.indexOf(0x80) + 1, dialect)[0];
}

/** For failure messages: `[answer 1 [None]]`. */
export function printed(sexp: Sexp): string {
  if (typeof sexp === "string") return /^[\w.]+$/.test(sexp) ? sexp : JSON.stringify(sexp);
  if (sexp instanceof Real) return `${sexp.value}f`;
  if (typeof sexp === "object") return `[${sexp.map(printed).join(" ")}]`;
  return String(sexp);
}

export function unhex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function write(sexp: Sexp, dialect: DialectName, out: number[]): void {
  if (typeof sexp === "string") {
    const word = dialect === "pb" ? vocabulary.indexOf(sexp) : 0;
    if (word > 0) {
      head(BigInt(word), 0x87, out);
    } else {
      head(BigInt(sexp.length), 0x82, out);
      for (let i = 0; i < sexp.length; i++) out.push(sexp.charCodeAt(i));
    }
  } else if (sexp instanceof Real) {
    const eight = new DataView(new ArrayBuffer(8));
    eight.setFloat64(0, sexp.value);
    out.push(0x84, ...new Uint8Array(eight.buffer));
  } else if (typeof sexp === "object") {
    head(BigInt(sexp.length), 0x80, out);
    for (const item of sexp) write(item, dialect, out);
  } else {
    const n = BigInt(sexp);
    const small = n >= -(2n ** 31n) && n < 2n ** 31n;
    head(n < 0n ? -n : n, n < 0n ? (small ? 0x83 : 0x86) : small ? 0x81 : 0x85, out);
  }
}

function head(n: bigint, type: number, out: number[]): void {
  for (let rest = n; ; rest >>= 7n) {
    if (rest === 0n && rest !== n) break;
    out.push(Number(rest & 127n));
    if (rest === 0n) break;
  }
  out.push(type);
}

function read(bytes: Uint8Array, start: number, dialect: DialectName): [Sexp, number] {
  let at = start;
  let n = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error("cut off");
    if (byte > 127) break;
    n |= BigInt(byte) << shift;
  }
  const count = Number(n);
  switch (bytes[at - 1]) {
    case 0x80: {
      const items: Sexp[] = [];
      for (let i = 0; i < count; i++) {
        const [item, end] = read(bytes, at, dialect);
        items.push(item);
        at = end;
      }
      return [items, at];
    }
    case 0x81:
    case 0x85:
      return [Number.isSafeInteger(count) ? count : n, at];
    case 0x83:
    case 0x86:
      return [Number.isSafeInteger(count) ? 0 - count : -n, at];
    case 0x82:
      if (at + count > bytes.length) throw new Error("cut off");
      return [Buffer.from(bytes.subarray(at, at + count)).toString("latin1"), at + count];
    case 0x84:
      if (at + 8 > bytes.length) throw new Error("cut off");
      return [new Real(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0)), at + 8];
    case 0x87: {
      const word = dialect === "pb" ? vocabulary[count] : undefined;
      if (!word) throw new Error("a vocabulary word");
      return [word, at];
    }
    default:
      throw new Error(`0x${bytes[at - 1]?.toString(16)}`);
  }
}
