// Values to forms (spec §3): walks a value once and writes it. Shared and cyclic structure is found on the way: the second
// visit of a container turns its first form into `[reference n form]` (§3.3). What each JavaScript value becomes is the
// values table of the guide.
import { BananaError, LimitExceeded, UnsendableError } from "../../errors.ts";
import { Avatar } from "../../flavors/avatar.ts";
import { Cacheable } from "../../flavors/cacheable.ts";
import { Copyable } from "../../flavors/copyable.ts";
import { Referenceable } from "../../flavors/referenceable.ts";
import { Viewable, viewPoint } from "../../flavors/viewable.ts";
import { RemoteCache } from "../../references/remote-cache.ts";
import { RemoteReference } from "../../references/remote-reference.ts";
import { RemoteResult } from "../../references/remote-result.ts";
import { Decimal } from "../../values/decimal.ts";
import { Duration } from "../../values/duration.ts";
import { Float } from "../../values/float.ts";
import { FrozenSet } from "../../values/frozen-set.ts";
import { Keywords } from "../../values/keywords.ts";
import { PlainDate } from "../../values/plain-date.ts";
import { PlainDateTime } from "../../values/plain-date-time.ts";
import { PlainTime } from "../../values/plain-time.ts";
import { Tuple } from "../../values/tuple.ts";
import { Unpersistable } from "../../values/unpersistable.ts";
import type { ClassPolicy, ObjectTables, TaggedState, ValueOptions } from "../dialect.ts";
import type { ElementWriter } from "./element-writer.ts";
import { forms } from "./forms.ts";
import { Seen } from "./seen.ts";
import { tagToCopy } from "./tag.ts";

/** What one message carries that must be taken back if it is not sent, and for whom it is encoded. */
export interface Cargo {
  /** The ids of exported objects, one entry per occurrence. */
  exported: number[] | undefined;
  /** The same for caches. */
  caches: number[] | undefined;
  readonly perspective: object | null;
}

export class Jellier {
  #cargo: Cargo = { exported: undefined, caches: undefined, perspective: null };
  readonly #out: ElementWriter;
  readonly #tables: ObjectTables;
  readonly #classes: ClassPolicy;
  readonly #options: ValueOptions;
  readonly #maxDepth: number;
  // The containers of this run, where each began, and the number it got when it was met again.
  #seen: Seen = new Seen();
  #numbered: Map<object, number> | undefined;
  #depth = 0;
  #path: (string | number)[] = [];

  constructor(out: ElementWriter, tables: ObjectTables, classes: ClassPolicy, options: ValueOptions, maxDepth: number) {
    this.#out = out;
    this.#tables = tables;
    this.#classes = classes;
    this.#options = options;
    this.#maxDepth = maxDepth;
  }

  /** Begins a message for a perspective; returns what `leave` wants back. User code can begin another one meanwhile. */
  enter(perspective: object | null): Cargo {
    const outer = this.#cargo;
    this.#cargo = { exported: undefined, caches: undefined, perspective };
    return outer;
  }

  /** What the message that was begun carries so far. */
  get cargo(): Cargo {
    return this.#cargo;
  }

  leave(outer: Cargo): void {
    this.#cargo = outer;
  }

  /** One run for the arguments of a call: `[tuple …]`. Trailing undefined arguments are left out. */
  positional(args: readonly unknown[]): void {
    let count = args.length;
    while (count > 0 && args[count - 1] === undefined) count--;
    const outer = this.#begin();
    try {
      this.#out.form(forms.tuple, count + 1);
      for (let i = 0; i < count; i++) this.#member(args[i], i);
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#end(outer);
    }
  }

  /** One run for the keyword arguments: `[dictionary [[unicode name] value]…]`. */
  keywords(keywords: Keywords | undefined): void {
    if (keywords === undefined) {
      this.#out.form(forms.dictionary, 1);
      return;
    }
    const outer = this.#begin();
    try {
      this.#out.form(forms.dictionary, keywords.size + 1);
      for (const [name, value] of keywords) this.#property(name, value);
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#end(outer);
    }
  }

  /** One run for one value. */
  single(value: unknown): void {
    const outer = this.#begin();
    try {
      this.#value(value);
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#end(outer);
    }
  }

  /** One run for an object of a class that is named by a tag: `[tag state]` (spec §3.4). */
  tagged(tagged: TaggedState): void {
    const outer = this.#begin();
    try {
      this.#state(tagged, undefined);
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#end(outer);
    }
  }

  // User code can run in the middle of a walk (getters) and start another one on the same connection, which may fail.
  #begin(): Run {
    const outer = { seen: this.#seen, numbered: this.#numbered, depth: this.#depth, path: this.#path };
    if (this.#depth > 0 || this.#seen.size > 0) this.#seen = new Seen();
    this.#numbered = undefined;
    this.#depth = 0;
    this.#path = [];
    return outer;
  }

  #end(outer: Run): void {
    if (this.#seen === outer.seen) this.#seen.clear();
    this.#seen = outer.seen;
    this.#numbered = outer.numbered;
    this.#depth = outer.depth;
    this.#path = outer.path;
  }

  #value(value: unknown): void {
    const out = this.#out;
    switch (typeof value) {
      case "string":
        out.unicode(value);
        return;
      case "number":
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.integer(value);
        else out.float(value);
        return;
      case "boolean":
        out.form(forms.boolean, 2);
        out.atom(value ? forms.true : forms.false);
        return;
      case "object":
        if (value === null) out.form(forms.None, 1);
        else this.#object(value);
        return;
      case "undefined":
        out.form(forms.None, 1);
        return;
      case "bigint":
        out.bigint(value);
        return;
      default:
        this.#unsendable(value, `a ${typeof value} cannot be sent`);
    }
  }

  #object(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      if (Symbol.asyncIterator in value) this.#instance(value);
      else if (!this.#seenBefore(value)) this.#properties(value as Record<string, unknown>);
    } else if (Array.isArray(value)) {
      if (!this.#seenBefore(value)) this.#sequence(value instanceof Tuple ? forms.tuple : forms.list, value);
    } else if (value instanceof Uint8Array) {
      this.#out.bytes(value);
    } else if (value instanceof RemoteReference) {
      this.#home(value);
    } else if (value instanceof Referenceable) {
      this.#referenceable(value);
    } else if (value instanceof Map) {
      if (!this.#seenBefore(value)) this.#entries(value);
    } else if (value instanceof Set) {
      if (!this.#seenBefore(value))
        this.#sequence(value instanceof FrozenSet ? forms.frozenset : forms.set, [...value]);
    } else {
      this.#leafOrInstance(value);
    }
  }

  #leafOrInstance(value: object): void {
    const out = this.#out;
    if (value instanceof Float) {
      out.float(value.value);
    } else if (value instanceof Date) {
      const year = value.getUTCFullYear();
      if (Number.isNaN(year)) this.#unsendable(value, "an invalid Date cannot be sent");
      else if (year < 1 || year > 9999) this.#unsendable(value, "a Date outside of the years 1 to 9999 cannot be sent");
      else this.#dateTime(PlainDateTime.fromDate(value));
    } else if (value instanceof PlainDateTime) {
      this.#dateTime(value);
    } else if (value instanceof PlainDate) {
      this.#fields(forms.date, [value.year, value.month, value.day]);
    } else if (value instanceof PlainTime) {
      this.#fields(forms.time, [value.hour, value.minute, value.second, value.subsecondMicroseconds]);
    } else if (value instanceof Duration) {
      this.#fields(forms.timedelta, [value.days, value.seconds, value.microseconds]);
    } else if (value instanceof Decimal) {
      out.form(forms.decimal, 3);
      out.bigint(value.coefficient);
      out.integer(value.exponent);
    } else if (value instanceof Unpersistable) {
      this.#unpersistable(value.reason);
    } else if (value instanceof Keywords) {
      this.#unsendable(value, "keywords go last in a call and nowhere else");
    } else {
      this.#instance(value);
    }
  }

  #instance(value: object): void {
    if (value instanceof Copyable) {
      if (!this.#seenBefore(value)) this.#state(this.#copyState(value), undefined);
      return;
    }
    if (value instanceof Cacheable) {
      this.#cacheable(value);
      return;
    }
    if (value instanceof RemoteCache) {
      this.#cacheHome(value);
      return;
    }
    if (value instanceof Avatar) {
      this.#unsendable(value, "an avatar is handed out by a login and not sent");
      return;
    }
    if (value instanceof Viewable) {
      this.#referenceable(viewPoint(this.#cargo.perspective, value));
      return;
    }
    const known = this.#classes.encode(value);
    if (known !== undefined) {
      if (!this.#seenBefore(value)) this.#state(known, undefined);
      return;
    }
    if (value instanceof RemoteResult && this.#result(value)) return;
    if (typeof (value as { then?: unknown }).then === "function") {
      this.#unsendable(value, "a promise cannot be sent; await it first");
      return;
    }
    if (Symbol.asyncIterator in value || isWebStream(value)) {
      this.#unsendable(
        value,
        "a stream cannot be sent in this dialect; both sides need pb7 (a Pager works in every one)",
      );
      return;
    }
    const name = className(value);
    const advice = "make it Referenceable or Copyable, register a codec by registerCopyable, or send a plain object";
    this.#unsendable(value, `an instance of ${name} cannot be sent; ${advice}`);
  }

  /** What a call has resulted in. Throws NotYet if it is not there; false if it cannot be waited for. */
  #result(result: RemoteResult<unknown>): boolean {
    const settled = RemoteResult.settledValue(result);
    if (settled === undefined) return this.#tables.pendingResult(result) !== undefined;
    this.#value(settled.value);
    return true;
  }

  #referenceable(value: Referenceable): void {
    const id = this.#tables.exportObject(value);
    this.#cargo.exported ??= [];
    this.#cargo.exported.push(id);
    this.#out.form(forms.remote, 2);
    this.#out.integer(id);
  }

  #copyState(value: Copyable): TaggedState {
    const { perspective } = this.#cargo;
    const tag = tagToCopy(value, perspective, this.#classes);
    return { tag, state: value.getStateToCopyFor(perspective) };
  }

  /** `[tag id state]` the first time on this connection, `[cached id]` again (spec §6.5). */
  #cacheable(value: Cacheable): void {
    if (this.#seen.has(value)) {
      this.#seenBefore(value);
      return;
    }
    const cargo = this.#cargo;
    const { id, fresh } = this.#tables.exportCache(value, cargo.perspective, cargo.caches);
    cargo.caches ??= [];
    cargo.caches.push(id);
    if (fresh === undefined) {
      this.#out.form(forms.cached, 2);
      this.#out.integer(id);
      return;
    }
    this.#seenBefore(value);
    this.#state(fresh, id);
  }

  #cacheHome(value: RemoteCache): void {
    const id = this.#tables.cacheHomeId(value);
    if (id === undefined) {
      this.#unsendable(value, "a cache can only be sent over the connection that it came from, while that lives");
      return;
    }
    this.#out.form(forms.lcache, 2);
    this.#out.integer(id);
  }

  #state({ tag, state }: TaggedState, cacheId: number | undefined): void {
    this.#out.list(cacheId === undefined ? 2 : 3);
    this.#out.text(tag);
    if (cacheId !== undefined) this.#out.integer(cacheId);
    this.#enter();
    if (state instanceof Map) this.#value(state);
    else this.#properties(state as Record<string, unknown>);
    this.#depth--;
  }

  #sequence(form: number, items: readonly unknown[]): void {
    const count = items.length;
    this.#out.form(form, count + 1);
    this.#enter();
    for (let i = 0; i < count; i++) this.#member(items[i], i);
    this.#depth--;
  }

  /** A plain object: own enumerable string keys, undefined ones left out. Each getter runs once. */
  #properties(object: Record<string, unknown>): void {
    const keys = Object.keys(object);
    const values = new Array<unknown>(keys.length);
    let count = 0;
    for (let i = 0; i < keys.length; i++) {
      const value = object[keys[i] as string];
      if (value !== undefined) count++;
      values[i] = value;
    }
    this.#out.form(forms.dictionary, count + 1);
    this.#enter();
    for (let i = 0; i < keys.length; i++) {
      if (values[i] !== undefined) this.#property(keys[i] as string, values[i]);
    }
    this.#depth--;
  }

  #entries(map: ReadonlyMap<unknown, unknown>): void {
    const entries = [...map];
    this.#out.form(forms.dictionary, entries.length + 1);
    this.#enter();
    for (const [key, value] of entries) {
      if (typeof key === "string") {
        this.#property(key, value);
        continue;
      }
      this.#out.list(2);
      this.#member(key, "(a key)");
      this.#member(value, `(the value of a ${typeof key} key)`);
    }
    this.#depth--;
  }

  #property(key: string, value: unknown): void {
    this.#out.key(key);
    this.#member(value, key);
  }

  #member(value: unknown, step: string | number): void {
    // The path is needed for containers and in errors only; leaves that always work are not worth two array operations.
    switch (typeof value) {
      case "number":
      case "boolean":
      case "undefined":
        this.#value(value);
        return;
    }
    this.#path.push(step);
    this.#value(value);
    this.#path.pop();
  }

  #home(reference: RemoteReference): void {
    const id = this.#tables.homeId(reference);
    if (id === undefined) {
      this.#unsendable(
        reference,
        "a reference can only be sent over the connection that it came from, while that lives",
      );
      return;
    }
    this.#out.form(forms.local, 2);
    if (typeof id === "number") this.#out.integer(id);
    else this.#out.text(id);
  }

  /** Whether the container was met before in this run; if so, the reference to it is written. */
  #seenBefore(value: object): boolean {
    const mark = this.#seen.find(value, this.#out.mark());
    if (mark < 0) return false;
    let id = this.#numbered?.get(value);
    if (id === undefined) {
      this.#numbered ??= new Map();
      id = this.#numbered.size + 1;
      this.#numbered.set(value, id);
      this.#out.wrapReference(mark, id);
    }
    this.#out.form(forms.dereference, 2);
    this.#out.integer(id);
    return true;
  }

  #dateTime(value: PlainDateTime): void {
    const { year, month, day, hour, minute, second, subsecondMicroseconds } = value;
    this.#fields(forms.datetime, [year, month, day, hour, minute, second, subsecondMicroseconds]);
  }

  #fields(form: number, fields: readonly number[]): void {
    this.#out.form(form, 2);
    this.#out.text(fields.join(" "));
  }

  #unpersistable(reason: string): void {
    this.#out.form(forms.unpersistable, 2);
    this.#out.text(reason);
  }

  #unsendable(value: unknown, message: string): void {
    if (this.#options.unsendable === "throw") throw new UnsendableError(this.#where(), message);
    this.#unpersistable(`instance of class ${className(value)} deemed insecure`);
  }

  /** What the writer refuses, with the path to it. */
  #located(error: unknown): unknown {
    const path = this.#where();
    if (path === "") return error;
    if (error instanceof BananaError) return new BananaError(`${path}: ${error.message}`);
    return error instanceof UnsendableError && error.path === "" ? new UnsendableError(path, error.message) : error;
  }

  #enter(): void {
    if (++this.#depth > this.#maxDepth) {
      throw new LimitExceeded("depth", `a value is nested deeper than limits.depth (${this.#maxDepth})`);
    }
  }

  /** `[0].owner.onClick` */
  #where(): string {
    return this.#path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  }
}

interface Run {
  seen: Seen;
  numbered: Map<object, number> | undefined;
  depth: number;
  path: (string | number)[];
}

function isWebStream(value: object): boolean {
  return typeof ReadableStream !== "undefined" && value instanceof ReadableStream;
}

function className(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "an unnamed class";
}
