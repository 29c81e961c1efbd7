// Python's `+` for what a peer may send: numbers keep their kind and lose no digit, sequences are joined.
import { Float, Tuple } from "perspective-broker";

/** Throws TypeError where Python does. */
export function add(a: unknown, b: unknown): unknown {
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (isNumber(a) && isNumber(b)) {
    return isInteger(a) && isInteger(b) ? BigInt(a) + BigInt(b) : new Float(Number(a) + Number(b));
  }
  if (a instanceof Tuple && b instanceof Tuple) return new Tuple(...a, ...b);
  if (isList(a) && isList(b)) return [...a, ...b];
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.from([...a, ...b]);
  throw new TypeError("unsupported operands for +");
}

type NumberLike = number | bigint | boolean | Float;

function isNumber(value: unknown): value is NumberLike {
  return ["number", "bigint", "boolean"].includes(typeof value) || value instanceof Float;
}

function isInteger(value: NumberLike): value is number | bigint | boolean {
  if (typeof value !== "number") return !(value instanceof Float);
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && !(value instanceof Tuple);
}
