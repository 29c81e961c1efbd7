// The golden data of test/vectors, typed, and its notation as expressions and as values of ours.
import { readFileSync } from "node:fs";
import {
  Decimal,
  Duration,
  Float,
  FrozenSet,
  PlainDate,
  PlainDateTime,
  PlainTime,
  Tuple,
  Unpersistable,
} from "../../../src/index.ts";
import { fillFrozenSet } from "../../../src/values/frozen-set.ts";
import { Real, type Sexp, unhex } from "./elements.ts";

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8")) as T;
}

/** An expression as the vectors write it. */
export type SexpJson = { int: string } | { float: string; ieee: string } | { bytes: string } | { list: SexpJson[] };

export function sexpOf(json: SexpJson): Sexp {
  if ("int" in json) return Number.isSafeInteger(Number(json.int)) ? Number(json.int) : BigInt(json.int);
  if ("bytes" in json) return Buffer.from(json.bytes, "hex").toString("latin1");
  if ("list" in json) return json.list.map(sexpOf);
  return new Real(Buffer.from(json.ieee, "hex").readDoubleBE());
}

/** What Twisted's decoder makes of some bytes. */
export interface Decoded {
  values?: SexpJson[];
  leftover?: string;
  error?: string;
  before?: SexpJson[];
  open_lists?: [number, number][];
}

export interface BananaVectors {
  limits: { SIZE_LIMIT: number; prefix_limit: number };
  vocabulary: Record<string, string>;
  roundtrip: { value: SexpJson; none: string; pb: string; note?: string }[];
  big: { about: string; length: number; first_16: string; last_16: string; sha256: string }[];
  encode_refused: { value: string; error: string }[];
  encode_special: { value: string; hex: string }[];
  decode: { about: string; dialect: "pb" | "none"; hex: string; whole: Decoded; byte_by_byte?: Decoded }[];
}

export const banana: BananaVectors = load("banana");

/** A value as the vectors write it. */
export type ValueJson = { type: string; id?: number } & Record<string, any>;

export interface JellyVectors {
  plain: { about: string; value: ValueJson; text: string; none: string; pb: string; comes_back_as?: ValueJson }[];
  shared: { about: string; recipe: string; value: ValueJson; text: string; none: string; pb: string }[];
  generic: {
    about: string;
    text?: string;
    none?: string;
    pb?: string;
    jelly_error?: string;
    banana_error?: string;
  }[];
  flavors: {
    about: string;
    text: string;
    none: string;
    pb: string;
    error?: string;
    localObjects?: Record<string, number>;
    remotelyCachedObjects?: Record<string, number>;
  }[];
  unjelly: {
    about: string;
    text: string;
    pb: string;
    globalSecurity: { value?: ValueJson; error?: string; message?: string };
    "SecurityOptions()": { value?: ValueJson; error?: string; message?: string };
  }[];
  security: Record<string, string[]>;
}

export const jelly: JellyVectors = load("jelly");

export interface FailureVectors {
  sent: { raises: string; unsafeTracebacks: boolean; hex: string; tag?: string; keys?: string[] }[];
  received: { state: string; result?: Record<string, string>; differs?: Record<string, string> }[];
}

export const failures: FailureVectors = load("failures");

/** One expression of a session, or the end of it by that side. */
export interface Recorded {
  readonly from: "server" | "client";
  readonly bytes: Uint8Array | undefined;
}

export interface RecordedSession {
  readonly name: string;
  readonly about: string;
  /** 1: the server has a root object, 2: it has a Portal. */
  readonly port: 1 | 2;
  readonly connections: readonly (readonly Recorded[])[];
}

type BytesJson = string | null | { parts: [before: string, repeated: string, times: number, after: string] };

export const sessions: readonly RecordedSession[] = load<{
  sessions: { name: string; about: string; port?: 1 | 2; connections: ["S" | "C", BytesJson, string?][][] }[];
}>("sessions").sessions.map(
  ({ name, about, port = 1, connections }): RecordedSession => ({
    name,
    about,
    port,
    connections: connections.map((messages) =>
      messages.map(([from, json]): Recorded => ({ from: from === "S" ? "server" : "client", bytes: bytesOf(json) })),
    ),
  }),
);

function bytesOf(json: BytesJson): Uint8Array | undefined {
  if (json === null) return undefined;
  if (typeof json === "string") return unhex(json);
  const [before, repeated, times, after] = json.parts;
  return unhex(before + repeated.repeat(times) + after);
}

/** The value of ours that a description stands for; integral floats are `Float`, dictionaries objects where they can be. */
export function valueDescribed(json: ValueJson, known: Map<number, unknown> = new Map()): unknown {
  const remember = <T>(value: T): T => {
    known.set(json.id as number, value);
    return value;
  };
  const items = (): unknown[] => json.items.map((item: ValueJson) => valueDescribed(item, known));
  switch (json.type) {
    case "None":
      return null;
    case "bool":
    case "str":
      return json.value;
    case "int":
      return Number.isSafeInteger(Number(json.value)) ? Number(json.value) : BigInt(json.value);
    case "float": {
      const value = Buffer.from(json.ieee, "hex").readDoubleBE();
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value;
    }
    case "bytes":
      return unhex(json.hex);
    case "Decimal":
      return Decimal.from(json.value);
    case "datetime":
      return PlainDateTime.from(json.iso);
    case "date":
      return PlainDate.from(json.iso);
    case "time":
      return PlainTime.from(json.iso);
    case "timedelta":
      return new Duration(json.days, json.seconds, json.microseconds);
    case "again":
      return known.get(json.id as number);
    case "list":
    case "tuple": {
      const list: unknown[] = remember(json.type === "list" ? [] : new Tuple());
      for (const item of items()) list.push(item);
      return list;
    }
    case "set": {
      const set = remember(new Set());
      for (const item of items()) set.add(item);
      return set;
    }
    case "frozenset": {
      const set = remember(new FrozenSet());
      for (const item of items()) fillFrozenSet(set, item);
      return set;
    }
    case "dict": {
      const plain = json.items.every(([key]: [ValueJson]) => key.type === "str");
      const dict: any = remember(plain ? {} : new Map());
      for (const [key, value] of json.items) {
        if (plain) dict[key.value] = valueDescribed(value, known);
        else dict.set(valueDescribed(key, known), valueDescribed(value, known));
      }
      return dict;
    }
    case "instance": {
      const reason = json.attributes.find(([name]: [string]) => name === "reason");
      if (json.class !== "twisted.spread.jelly.Unpersistable") throw new TypeError(`${json.class} is not made here`);
      return new Unpersistable(reason[1].value);
    }
    default:
      throw new TypeError(`${json.type} is not made here`);
  }
}
