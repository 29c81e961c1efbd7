// Jelly once more, short and slow, for the tests alone: forms to values, written from the specification (§3).
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
import { Real, type Sexp } from "./elements.ts";

/** What the objects in a value are. */
export interface Objects {
  /** `[remote id]` */
  remote(id: number): unknown;
  /** `[local id]` */
  local(id: number | string): unknown;
  /** `[tag state]`, or `[tag id state]` */
  instance?(tag: string, id: number | undefined): Instance;
  /** `[cached id]` */
  cached?(id: number): unknown;
  /** `[lcache id]` */
  lcache?(id: number): unknown;
}

/** An object that is there before its state, which may refer to it. */
export interface Instance {
  readonly object: unknown;
  fill(state: any): void;
}

/** The value of a form: integral floats are `Float`, dictionaries are objects where all their keys are texts. */
export function unjelly(form: Sexp, objects: Objects, known: Map<Sexp, unknown> = new Map()): unknown {
  if (typeof form === "string") return Uint8Array.from(Buffer.from(form, "latin1"));
  if (form instanceof Real)
    return Number.isSafeInteger(form.value) && !Object.is(form.value, -0) ? new Float(form.value) : form.value;
  if (typeof form !== "object") return form;
  let defining: Sexp | undefined;
  let current: readonly Sexp[] = form;
  if (current[0] === "reference") [, defining, current] = current as [Sexp, Sexp, readonly Sexp[]];
  const define = <T>(value: T): T => {
    if (defining !== undefined) known.set(defining, value);
    return value;
  };
  const [atom, ...rest] = current as [string, ...Sexp[]];
  const inner = (sexp: Sexp): unknown => unjelly(sexp, objects, known);
  const text = (): string => Buffer.from(rest[0] as string, "latin1").toString();
  const numbers = (): number[] => text().split(" ").map(Number);
  switch (atom) {
    case "None":
      return null;
    case "boolean":
      return rest[0] === "true";
    case "unicode":
      return text();
    case "list":
    case "tuple": {
      const items: unknown[] = define(atom === "list" ? [] : new Tuple());
      for (const item of rest) items.push(inner(item));
      return items;
    }
    case "set": {
      const set = define(new Set());
      for (const item of rest) set.add(inner(item));
      return set;
    }
    case "frozenset": {
      const set = define(new FrozenSet());
      for (const item of rest) fillFrozenSet(set, inner(item));
      return set;
    }
    case "dictionary": {
      const pairs = rest as [Sexp, Sexp][];
      const plain = pairs.every(([key]) => Array.isArray(key) && key[0] === "unicode");
      const dictionary: any = define(plain ? {} : new Map());
      for (const [key, value] of pairs) {
        // Every name is to be a property, `__proto__` too.
        const own = (value: unknown) => ({ value, enumerable: true, writable: true, configurable: true });
        if (plain) Object.defineProperty(dictionary, inner(key) as string, own(inner(value)));
        else dictionary.set(inner(key), inner(value));
      }
      return dictionary;
    }
    case "dereference":
      return known.get(rest[0] as Sexp);
    case "decimal":
      return new Decimal(BigInt(rest[0] as number), Number(rest[1]));
    case "datetime": {
      const [y = 0, mo = 0, d = 0, h = 0, m = 0, s = 0, us = 0] = numbers();
      return new PlainDateTime(y, mo, d, h, m, s, Math.floor(us / 1000), us % 1000);
    }
    case "date":
      return new PlainDate(...(numbers() as [number, number, number]));
    case "time": {
      const [h = 0, m = 0, s = 0, us = 0] = numbers();
      return new PlainTime(h, m, s, Math.floor(us / 1000), us % 1000);
    }
    case "timedelta":
      return new Duration(...(numbers() as [number, number, number]));
    case "unpersistable":
      return new Unpersistable(text());
    case "remote":
      return objects.remote(rest[0] as number);
    case "local":
      return objects.local(rest[0] as number | string);
    case "cached":
      return objects.cached?.(rest[0] as number);
    case "lcache":
      return objects.lcache?.(rest[0] as number);
    default: {
      const instance = objects.instance?.(atom, rest.length === 2 ? (rest[0] as number) : undefined);
      if (instance === undefined) throw new TypeError(`${atom} is not made here`);
      define(instance.object);
      instance.fill(inner(rest.at(-1) as Sexp));
      return instance.object;
    }
  }
}

/** Every `[remote id]` in a form, by id, with the number of times; for caches every `[tag id state]` and `[cached id]`. */
export function countGiven(
  form: Sexp,
  kind: "objects" | "caches",
  counts: Map<number, number> = new Map(),
): Map<number, number> {
  if (typeof form !== "object" || form instanceof Real) return counts;
  const [name, id, state] = form;
  const counted = kind === "objects" ? isPair(form, "remote") : isPair(form, "cached") || isNewCache(name, id, state);
  if (counted && typeof id === "number") counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const item of form) countGiven(item, kind, counts);
  return counts;
}

function isPair(form: readonly Sexp[], name: string): boolean {
  return form.length === 2 && form[0] === name;
}

/** Tags of caches have a dot in these sessions, and no message has. */
function isNewCache(name: Sexp | undefined, id: Sexp | undefined, state: Sexp | undefined): boolean {
  return typeof name === "string" && name.includes(".") && typeof id === "number" && Array.isArray(state);
}
