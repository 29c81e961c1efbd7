// Whether two values are the same graph: equal kinds and contents, and what is one object there is one object here.
import {
  Cacheable,
  Copyable,
  Float,
  Referenceable,
  RemoteCache,
  RemoteCopy,
  RemoteReference,
} from "../../../src/index.ts";
import { MadeHere } from "../../peers/wire-copies.ts";

/** These are told apart, and not compared. */
const identities = [RemoteReference, Referenceable, RemoteCache, Cacheable];
/** These have parts that are compared. */
const copies = [Copyable, RemoteCopy, MadeHere];

/** Where two values differ, as a path with a reason; undefined if they are the same. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return compare(actual, expected, "value", new Map(), new Map());
}

type Seen = Map<object, object>;

function compare(a: unknown, b: unknown, path: string, there: Seen, back: Seen): string | undefined {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    return Object.is(a, b) ? undefined : `${path}: ${show(a)} is not ${show(b)}`;
  }
  if (identities.some((kind) => b instanceof kind)) {
    return a === b ? undefined : `${path}: another object`;
  }
  if (there.has(a) || back.has(b)) {
    return there.get(a) === b && back.get(b) === a ? undefined : `${path}: shared in one of them only`;
  }
  // Leaves are values: they are not shared, whatever the objects are.
  const leaf = leafText(b);
  if (leaf !== undefined) return leafText(a) === leaf ? undefined : `${path}: ${show(a)} is not ${leaf}`;
  there.set(a, b);
  back.set(b, a);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: ${show(a)} is no ${show(b)}`;
  const [left, right] = [contents(a), contents(b)];
  if (left.length !== right.length) return `${path}: ${left.length} members instead of ${right.length}`;
  for (let i = 0; i < left.length; i++) {
    const found = compare(left[i], right[i], `${path}.${i}`, there, back);
    if (found !== undefined) return found;
  }
  return undefined;
}

function leafText(value: object): string | undefined {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (value instanceof Float) return `Float ${Object.is(value.value, -0) ? "-0" : value.value}`;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return undefined;
  if (copies.some((kind) => value instanceof kind)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || value instanceof Error) return undefined;
  const fields = Object.entries(value).map(([name, field]) => `${name}=${field}`);
  return `${value.constructor.name} ${fields.join(" ")}`;
}

function contents(value: object): unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  const own = Object.entries(value).flat();
  return value instanceof Error ? [value.message, ...own] : own;
}

function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return leafText(value) ?? value.constructor?.name ?? "object";
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}
