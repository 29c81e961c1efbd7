// Forms to values (spec §3): one pass over the elements of a message, no tree between. Sharing and cycles are kept: a list,
// tuple or set is known to its own members while it is being filled; what is not known yet is put in its place at the end of
// the run (§3.3).
import { InsecureJelly, JellyError, LimitExceeded } from "../../errors.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import { Decimal } from "../../values/decimal.ts";
import { Duration } from "../../values/duration.ts";
import { Float } from "../../values/float.ts";
import { FrozenSet, fillFrozenSet } from "../../values/frozen-set.ts";
import { Keywords } from "../../values/keywords.ts";
import { PlainDate } from "../../values/plain-date.ts";
import { PlainDateTime } from "../../values/plain-date-time.ts";
import { PlainTime } from "../../values/plain-time.ts";
import { Tuple } from "../../values/tuple.ts";
import { Unpersistable } from "../../values/unpersistable.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import type { ObjectId } from "../message.ts";
import { BYTES_KIND, type ElementReader, FLOAT_KIND, INTEGER_KIND, LIST_KIND } from "./element-reader.ts";
import { COPYABLE_FAILURE, failureFromState } from "./failure.ts";
import { formNames, forms } from "./forms.ts";

// A dereference whose reference has not been read yet; #pendingId says which. Never leaves this file.
const PENDING: unknown = Symbol("pending");
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const numbers: ReadonlyMap<string, number> = new Map(formNames.map((name, number) => [name, number]));

export class Unjellier {
  /** References decoded since this was last cleared, one entry per receipt. */
  received: RemoteReference[] | undefined;
  readonly #in: ElementReader;
  readonly #tables: ObjectTables;
  readonly #classes: ClassPolicy;
  readonly #options: ValueOptions;
  readonly #maxDepth: number;
  readonly #admitted: readonly boolean[];
  #depth = 0;
  #known: Map<unknown, unknown> | undefined;
  #defining: unknown;
  #pendingId: unknown;
  #late: Late[] | undefined;
  // Of the dictionary that was decoded last, if a value of it is missing.
  #place: Place | undefined;
  #finally: (() => void)[] | undefined;

  constructor(
    from: ElementReader,
    tables: ObjectTables,
    classes: ClassPolicy,
    options: ValueOptions,
    maxDepth: number,
  ) {
    this.#in = from;
    this.#tables = tables;
    this.#classes = classes;
    this.#options = options;
    this.#maxDepth = maxDepth;
    this.#admitted = formNames.map((name) => classes.isTypeAllowed(name));
  }

  /** One run for one value. */
  single(): unknown {
    this.#begin();
    const value = this.#value();
    if (value === PENDING) throw this.#dangling();
    this.#end();
    return value;
  }

  /** One run for the positional arguments: `[tuple …]`, or `[list …]` (spec §4.3). */
  positional(): unknown[] {
    const from = this.#in;
    const start = from.at;
    if (from.next() === LIST_KIND) {
      const operands = from.count() - 1;
      if (operands >= 0 && from.next() === BYTES_KIND && from.name() === "tuple" && this.#admitted[forms.tuple]) {
        this.#begin();
        this.#depth = 1;
        const args = this.#sequence([], operands);
        this.#end();
        return args;
      }
    }
    from.at = start;
    const args = this.single();
    if (!Array.isArray(args)) throw new JellyError("the arguments of a call must be a tuple");
    return args;
  }

  /** One run for the keyword arguments; undefined if there are none. Byte string names are Python 2's (spec §4.3). */
  keywords(): Keywords | undefined {
    const from = this.#in;
    const start = from.at;
    if (from.next() === LIST_KIND && from.count() === 1) {
      if (from.next() === BYTES_KIND && from.name() === "dictionary" && this.#admitted[forms.dictionary])
        return undefined;
    }
    from.at = start;
    const given = this.single();
    const entries: [string, unknown][] = [];
    if (given instanceof Map) {
      for (const [name, value] of given) {
        if (typeof name === "string") entries.push([name, value]);
        else if (name instanceof Uint8Array) entries.push([checked(() => utf8.decode(name)), value]);
        else throw new TypeError("keywords must be strings");
      }
    } else if (typeof given === "object" && given !== null && Object.getPrototypeOf(given) === Object.prototype) {
      for (const name of Object.keys(given)) entries.push([name, (given as Record<string, unknown>)[name]]);
    } else {
      throw new JellyError("the keywords of a call must be a dictionary");
    }
    return entries.length === 0 ? undefined : Keywords.fromEntries(entries);
  }

  #begin(): void {
    this.#depth = 0;
    this.#known = undefined;
    this.#defining = undefined;
    this.#late = undefined;
    this.#place = undefined;
    this.#finally = undefined;
  }

  #end(): void {
    for (const late of this.#late ?? []) {
      const value = this.#known?.get(late.id);
      if (value === undefined && !this.#known?.has(late.id)) {
        this.#pendingId = late.id;
        throw this.#dangling();
      }
      late.put(value);
    }
    for (const fill of this.#finally ?? []) fill();
    if (this.#known !== undefined) this.#begin(); // holds no value longer than needed
  }

  #value(): unknown {
    const from = this.#in;
    if (from.unicode()) {
      if (!this.#admitted[forms.unicode]) throw refused("unicode");
      return from.text();
    }
    switch (from.next()) {
      case INTEGER_KIND:
        return from.integer();
      case FLOAT_KIND:
        return this.#float(from.float());
      case BYTES_KIND:
        return from.bytes();
      default:
        return this.#form(from.count());
    }
  }

  #float(value: number): unknown {
    if (this.#options.floats === "exact" && Number.isSafeInteger(value) && !Object.is(value, -0))
      return new Float(value);
    return value;
  }

  #form(count: number): unknown {
    if (count === 0) throw new JellyError("an empty list is no form");
    if (this.#in.next() !== BYTES_KIND) throw new JellyError("a form must begin with a byte string");
    const name = this.#in.name();
    const form = numbers.get(name);
    const operands = count - 1;
    if (form === undefined || form >= forms.true) return this.#instance(name, operands);
    if (!this.#admitted[form]) throw refused(name);
    if (++this.#depth > this.#maxDepth) {
      throw new LimitExceeded("depth", `a value is nested deeper than limits.depth (${this.#maxDepth})`);
    }
    const value = this.#decode(form, operands);
    this.#depth--;
    return value;
  }

  #decode(form: number, operands: number): unknown {
    switch (form) {
      case forms.list:
        return this.#sequence([], operands);
      case forms.tuple:
        return this.#sequence(new Tuple(), operands);
      case forms.dictionary:
        return this.#dictionary(operands);
      case forms.unicode:
        return this.#one(operands, "unicode", () => this.#text());
      case forms.boolean:
        return this.#one(operands, "boolean", () => this.#boolean());
      case forms.None:
        this.#in.skip(operands);
        return null;
      case forms.set:
        return this.#set(new Set(), operands, (set, item) => set.add(item));
      case forms.frozenset:
        return this.#set(new FrozenSet(), operands, fillFrozenSet);
      case forms.reference:
        return this.#reference(operands);
      case forms.dereference:
        return this.#dereference(operands);
      case forms.remote:
        return this.#one(operands, "remote", () => this.#remote());
      case forms.local:
        return this.#one(operands, "local", () => this.#tables.localObject(this.#id()));
      case forms.datetime:
      case forms.date:
      case forms.time:
      case forms.timedelta:
        return this.#one(operands, formNames[form] as string, () => this.#calendar(form, this.#text()));
      case forms.decimal:
        return this.#decimal(operands);
      case forms.unpersistable:
        return this.#one(operands, "unpersistable", () => new Unpersistable(this.#text()));
      case forms.persistent:
        this.#in.skip(operands);
        return new Unpersistable("Persistent callback not found");
      case forms.cached:
      case forms.lcache:
        throw new JellyError(`there is no cache of that number (${formNames[form]})`);
      default:
        // class, function, module, method, instance: never decoded, whatever the options say (spec §3.6).
        throw refused(formNames[form] as string);
    }
  }

  #sequence(items: unknown[], count: number): unknown[] {
    this.#define(items);
    for (let i = 0; i < count; i++) {
      const item = this.#value();
      if (item === PENDING) {
        items.push(undefined);
        this.#putLater((value) => {
          items[i] = value;
        });
      } else {
        items.push(item);
      }
    }
    return items;
  }

  #set<S>(set: S, count: number, add: (set: S, item: unknown) => void): S {
    this.#define(set);
    const items: unknown[] = [];
    let pending = false;
    for (let i = 0; i < count; i++) {
      const item = this.#value();
      items.push(item);
      if (item !== PENDING) continue;
      pending = true;
      this.#putLater((value) => {
        items[i] = value;
      });
    }
    const fill = () => {
      for (const item of items) add(set, item);
    };
    if (pending) this.#atEnd(fill);
    else fill();
    return set;
  }

  /** An object while every key is a text, a Map from the first other key on. Not known to its members: it may change. */
  #dictionary(count: number): unknown {
    const defining = this.#defining;
    this.#defining = undefined;
    const from = this.#in;
    let object: Record<string, unknown> | undefined = this.#options.dicts === "object" ? {} : undefined;
    let map: Map<unknown, unknown> | undefined = object === undefined ? new Map() : undefined;
    let order: string[] | undefined;
    let place: Place | undefined;
    for (let i = 0; i < count; i++) {
      if (from.next() !== LIST_KIND || from.count() !== 2) throw new JellyError("a dictionary holds pairs");
      let key: unknown;
      if (from.unicode()) {
        if (!this.#admitted[forms.unicode]) throw refused("unicode");
        key = from.name();
      } else {
        key = this.#key();
      }
      if (object !== undefined && typeof key !== "string") {
        const keys = order ?? Object.keys(object);
        map = new Map();
        for (const name of keys) map.set(name, object[name]);
        if (place !== undefined) place.container = map;
        object = undefined;
      } else if (order !== undefined) {
        order.push(key as string);
      } else if (object !== undefined && isDigit((key as string).charCodeAt(0))) {
        // An object puts keys that look like integers first; a Map that it becomes must not.
        order = [...Object.keys(object), key as string];
      }
      const value = this.#value();
      if (value === PENDING) {
        place ??= { container: (object ?? map) as object, copy: undefined };
        this.#putEntryLater(place, key);
      } else if (map !== undefined) map.set(key, value);
      else setOwn(object as Record<string, unknown>, key as string, value);
    }
    const result = object ?? map;
    this.#place = place;
    if (defining !== undefined) this.#remember(defining, result);
    return result;
  }

  #key(): unknown {
    const key = this.#value();
    if (key === PENDING) throw new JellyError("a dictionary key cannot refer to what is not complete");
    if (typeof key === "object" && key !== null) {
      const mutable = (Array.isArray(key) && !(key instanceof Tuple)) || key instanceof Map;
      if (
        mutable ||
        Object.getPrototypeOf(key) === Object.prototype ||
        (key instanceof Set && !(key instanceof FrozenSet))
      ) {
        throw new TypeError("a list, dictionary or set cannot be a dictionary key");
      }
    }
    return key;
  }

  #boolean(): boolean {
    const word = this.#text();
    if (word === "true") return true;
    if (word === "false") return false;
    throw new JellyError("a boolean is true or false");
  }

  #remote(): RemoteReference {
    const id = this.#id();
    if (typeof id !== "number" || !Number.isSafeInteger(id)) {
      throw new JellyError("the id of a reference must be an integer");
    }
    const reference = this.#tables.importReference(id);
    if (this.received === undefined) this.received = [reference];
    else this.received.push(reference);
    return reference;
  }

  #decimal(operands: number): Decimal {
    if (operands < 2) throw new JellyError("decimal takes a coefficient and an exponent");
    const coefficient = this.#integer();
    const exponent = this.#integer();
    this.#in.skip(operands - 2);
    if (typeof exponent !== "number") throw new JellyError("the exponent of a decimal is out of range");
    return checked(() => new Decimal(BigInt(coefficient), exponent));
  }

  /** Decimal ASCII numbers, separated by white space, given to the constructor by position (spec §3.2). */
  #calendar(form: number, text: string): unknown {
    const fields = text.length > 200 ? [] : text.split(/\s+/).filter((part) => part !== "");
    const n = fields.map((field) => {
      if (!/^[+-]?\d+$/.test(field)) throw new JellyError("a date with a field that is no number");
      return Number(field);
    });
    const [most, least] = form === forms.datetime ? [7, 3] : form === forms.time ? [4, 0] : [3, 3];
    if (n.length > most || n.length < least) throw new JellyError(`${formNames[form]} with ${n.length} fields`);
    const at = (i: number) => n[i] ?? 0;
    return checked(() => {
      if (form === forms.date) return new PlainDate(at(0), at(1), at(2));
      if (form === forms.timedelta) return new Duration(at(0), at(1), at(2));
      if (form === forms.time) return new PlainTime(at(0), at(1), at(2), ...split(at(3)));
      const value = new PlainDateTime(at(0), at(1), at(2), at(3), at(4), at(5), ...split(at(6)));
      return this.#options.dates === "date" ? value.toDate() : value;
    });
  }

  /** `[tag state]` of a registered class, or nothing that is known (spec §3.4, §3.7). */
  #instance(tag: string, operands: number): unknown {
    if (!this.#classes.isTypeAllowed(tag)) throw refused(tag);
    const decode = tag === COPYABLE_FAILURE ? (state: unknown) => this.#failure(state) : this.#classes.decoder(tag);
    if (decode === undefined) {
      const dot = tag.lastIndexOf(".");
      throw new InsecureJelly(`Module ${tag.slice(0, Math.max(dot, 0))} not allowed (in type ${tag}).`);
    }
    const defining = this.#defining;
    this.#defining = undefined;
    if (operands < 1) throw new JellyError(`${tag} without a state`);
    if (++this.#depth > this.#maxDepth) throw new LimitExceeded("depth", "a value is nested too deep");
    const state = this.#value();
    this.#depth--;
    if (state === PENDING) throw new JellyError(`the state of ${tag} cannot refer to what is not complete`);
    this.#in.skip(operands - 1);
    const place = this.#place;
    const value = decode(state);
    if (place !== undefined && place.container === state && tag !== COPYABLE_FAILURE) place.copy = value as object;
    if (defining !== undefined) this.#remember(defining, value);
    return value;
  }

  /** An error whose class is registered here arrives as an instance of it, also from a peer that has not registered it. */
  #failure(state: unknown): unknown {
    const remote = failureFromState(state);
    const revive = this.#classes.isTypeAllowed(remote.type) ? this.#classes.decoder(remote.type) : undefined;
    return revive === undefined ? remote : revive({ ...remote.data, message: remote.message });
  }

  #reference(operands: number): unknown {
    if (operands !== 2) throw new JellyError("reference takes a number and a form");
    const id = this.#referenceId();
    if (this.#known?.has(id)) throw definedTwice(id);
    this.#defining = id;
    const value = this.#value();
    this.#defining = undefined;
    if (value === PENDING) throw this.#dangling();
    if (!this.#known?.has(id)) this.#remember(id, value);
    return value;
  }

  #dereference(operands: number): unknown {
    if (operands < 1) throw new JellyError("dereference takes a number");
    const id = this.#referenceId();
    this.#in.skip(operands - 1);
    if (this.#known?.has(id)) return this.#known.get(id);
    this.#pendingId = id;
    return PENDING;
  }

  #referenceId(): unknown {
    switch (this.#in.next()) {
      case INTEGER_KIND:
        return this.#in.integer();
      case BYTES_KIND:
        return this.#in.text();
      default:
        throw new JellyError("the number of a reference must be an integer or a byte string");
    }
  }

  /** A container says that it is the one being defined, before its members are read. */
  #define(container: unknown): void {
    if (this.#defining === undefined) return;
    this.#remember(this.#defining, container);
    this.#defining = undefined;
  }

  #remember(id: unknown, value: unknown): void {
    this.#known ??= new Map();
    if (this.#known.has(id)) throw definedTwice(id);
    this.#known.set(id, value);
  }

  #putLater(put: (value: unknown) => void): void {
    this.#late ??= [];
    this.#late.push({ id: this.#pendingId, put });
  }

  #putEntryLater(place: Place, key: unknown): void {
    const put = (value: unknown) => {
      const { container, copy } = place;
      if (container instanceof Map) container.set(key, value);
      else setOwn(container as Record<string, unknown>, key as string, value);
      if (copy !== undefined && typeof key === "string" && isEnumerable.call(copy, key)) {
        setOwn(copy as Record<string, unknown>, key, value);
      }
    };
    put(undefined); // takes its place in the order now
    this.#putLater(put);
  }

  #atEnd(fill: () => void): void {
    this.#finally ??= [];
    this.#finally.push(fill);
  }

  #dangling(): JellyError {
    return new JellyError(`dereference ${String(this.#pendingId)} without a reference`);
  }

  /** Reads the one operand that counts; further ones are ignored (spec §3.2). */
  #one<T>(operands: number, name: string, read: () => T): T {
    if (operands < 1) throw new JellyError(`${name} without an operand`);
    this.#defining = undefined;
    const value = read();
    this.#in.skip(operands - 1);
    return value;
  }

  #text(): string {
    if (this.#in.next() !== BYTES_KIND) throw new JellyError("a byte string was expected");
    return this.#in.text();
  }

  #integer(): number | bigint {
    if (this.#in.next() !== INTEGER_KIND) throw new JellyError("an integer was expected");
    return this.#in.integer();
  }

  /** Of an integer that is not safe only the magnitude is kept: no such id was ever given out. */
  #id(): ObjectId {
    const kind = this.#in.next();
    if (kind === INTEGER_KIND) return Number(this.#in.integer());
    if (kind !== BYTES_KIND) throw new JellyError("an object id is an integer or a name");
    return this.#in.text();
  }
}

interface Late {
  readonly id: unknown;
  readonly put: (value: unknown) => void;
}

/** Where the missing values of a dictionary belong. */
interface Place {
  /** The dictionary itself, which may become a Map meanwhile. */
  container: object;
  /** The instance whose state it is: it gets those that it has accepted, as enumerable properties (spec §3.5, §12.7). */
  copy: object | undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

function definedTwice(id: unknown): JellyError {
  return new JellyError(`reference ${String(id)} is defined twice`);
}

/** The text is Python's repr of the byte string (spec §3.7). */
function refused(name: string): InsecureJelly {
  return new InsecureJelly(`b'${name.replace(/[\\']/g, "\\$&")}'`);
}

/** Assignment that makes an own property of every name. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** What the value classes refuse with RangeError is a malformed value here. */
function checked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new JellyError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function split(microseconds: number): [number, number] {
  return [Math.floor(microseconds / 1000), microseconds % 1000];
}
