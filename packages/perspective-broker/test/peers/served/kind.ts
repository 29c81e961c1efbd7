// What arrived, by the name that Python has for it.
import {
  Decimal,
  Duration,
  Float,
  FrozenSet,
  PlainDate,
  PlainDateTime,
  PlainTime,
  RemoteReference,
  Tuple,
  Unpersistable,
} from "perspective-broker";
import { RemoteStock } from "../wire-caches.ts";
import { MadeHere, Point, Tagged } from "../wire-copies.ts";
import { KnownError } from "../wire-errors.ts";
import { Two } from "./two.ts";

/** The kind of a value received with `floats: "exact"`. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      // Integral floats arrive as Float, and integers beyond the safe ones as bigint.
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? "int" : "float";
    default:
      if (value === null) return "NoneType";
      return classes.find(([kind]) => value instanceof kind)?.[1] ?? "object";
  }
}

/** Subclasses before their bases. */
const classes: readonly (readonly [abstract new (...args: any[]) => unknown, string])[] = [
  [Uint8Array, "bytes"],
  [Tuple as unknown as new () => unknown, "tuple"],
  [Array, "list"],
  [Map, "dict"],
  [FrozenSet, "frozenset"],
  [Set, "set"],
  [Float, "float"],
  [Decimal, "Decimal"],
  [PlainDateTime, "datetime"],
  [PlainDate, "date"],
  [PlainTime, "time"],
  [Duration, "timedelta"],
  [Two, "Two"],
  [RemoteReference, "RemoteReference"],
  [Unpersistable, "Unpersistable"],
  [KnownError, "KnownError"],
  [Point, "Point"],
  [Tagged, "Tagged"],
  [MadeHere, "MadeHere"],
  [RemoteStock, "RemoteStock"],
];
