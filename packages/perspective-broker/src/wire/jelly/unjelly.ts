// Forms to values (spec §3): one pass over the elements of a message, no tree between. Sharing and cycles are kept: a list,
// tuple or set is known to its own members while it is being filled; what is not known yet is put in its place at the end of
// the run (§3.3).
import { JellyError, LimitExceeded } from "../../errors.ts";
import { WrongArguments } from "../../flavors/method-table.ts";
import type { RemoteCache } from "../../references/remote-cache.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import { Float } from "../../values/float.ts";
import { FrozenSet, fillFrozenSet } from "../../values/frozen-set.ts";
import { Keywords } from "../../values/keywords.ts";
import { Tuple } from "../../values/tuple.ts";
import { Unpersistable } from "../../values/unpersistable.ts";
import type { ClassPolicy, Decoder, ObjectTables, ValueOptions } from "../dialect.ts";
import type { ObjectId } from "../message.ts";
import { calendarValue, checked, decimalValue } from "./calendar.ts";
import { BYTES_KIND, type ElementReader, FLOAT_KIND, INTEGER_KIND, LIST_KIND } from "./element-reader.ts";
import { COPYABLE_FAILURE, failureFromState, revived } from "./failure.ts";
import { formNames, forms } from "./forms.ts";
import { refused, unregistered } from "./refusals.ts";
import { isAdmitted } from "./security.ts";
import { PENDING, type Place, Sharing, setOwn } from "./sharing.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const numbers: ReadonlyMap<string, number> = new Map(formNames.map((name, number) => [name, number]));

export class Unjellier {
  /** References decoded since this was last cleared, one entry per receipt. */
  received: RemoteReference[] | undefined;
  /** The same for copies of the peer's Cacheables. */
  caches: RemoteCache[] | undefined;
  /** For whom is decoded (spec §6.6). */
  perspective: object | null = null;
  readonly #in: ElementReader;
  readonly #tables: ObjectTables;
  readonly #classes: ClassPolicy;
  readonly #options: ValueOptions;
  readonly #maxDepth: number;
  readonly #admitted: readonly boolean[];
  #depth = 0;
  readonly #sharing = new Sharing();
  // Of the dictionary that was decoded last, if a value of it is missing.
  #place: Place | undefined;

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
    this.#admitted = formNames.map((name) => isAdmitted(classes, name));
  }

  /** One run for one value. */
  single(): unknown {
    this.#begin();
    const value = this.#value();
    if (value === PENDING) throw this.#sharing.dangling();
    this.#sharing.end();
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
        this.#sharing.end();
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
        else throw new WrongArguments("keywords must be strings");
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
    this.#place = undefined;
    this.#sharing.begin();
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
    this.#enter();
    const value = this.#decode(form, operands);
    this.#depth--;
    return value;
  }

  #enter(): void {
    if (++this.#depth > this.#maxDepth) {
      throw new LimitExceeded("depth", `a value is nested deeper than limits.depth (${this.#maxDepth})`);
    }
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
        return this.#one(operands, formNames[form] as string, () =>
          calendarValue(form, this.#text(), this.#options.dates === "date"),
        );
      case forms.decimal:
        return this.#decimal(operands);
      case forms.unpersistable:
        return this.#one(operands, "unpersistable", () => new Unpersistable(this.#text()));
      case forms.persistent:
        this.#in.skip(operands);
        return new Unpersistable("Persistent callback not found");
      case forms.cached:
        return this.#one(operands, "cached", () => this.#cachedAgain());
      case forms.lcache:
        return this.#one(operands, "lcache", () => this.#tables.localCache(this.#numericId()));
      default:
        // class, function, module, method, instance: never decoded, whatever the options say (spec §3.6).
        throw refused(formNames[form] as string);
    }
  }

  #sequence(items: unknown[], count: number): unknown[] {
    this.#sharing.define(items);
    for (let i = 0; i < count; i++) {
      const item = this.#value();
      if (item === PENDING) {
        items.push(undefined);
        this.#sharing.putLater((value) => {
          items[i] = value;
        });
      } else {
        items.push(item);
      }
    }
    return items;
  }

  #set<S>(set: S, count: number, add: (set: S, item: unknown) => void): S {
    this.#sharing.define(set);
    const items: unknown[] = [];
    let pending = false;
    for (let i = 0; i < count; i++) {
      const item = this.#value();
      items.push(item);
      if (item !== PENDING) continue;
      pending = true;
      this.#sharing.putLater((value) => {
        items[i] = value;
      });
    }
    const fill = () => {
      for (const item of items) add(set, item);
    };
    if (pending) this.#sharing.atEnd(fill);
    else fill();
    return set;
  }

  /** An object while every key is a text, a Map from the first other key on. Not known to its members: it may change. */
  #dictionary(count: number): unknown {
    const defining = this.#sharing.take();
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
        this.#sharing.putEntryLater(place, key);
      } else if (map !== undefined) map.set(key, value);
      else setOwn(object as Record<string, unknown>, key as string, value);
    }
    const result = object ?? map;
    this.#place = place;
    this.#sharing.remember(defining, result);
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
        throw new WrongArguments("a list, dictionary or set cannot be a dictionary key");
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

  #numericId(): number {
    const id = this.#id();
    if (typeof id !== "number" || !Number.isSafeInteger(id)) {
      throw new JellyError("the id of a reference must be an integer");
    }
    return id;
  }

  #remote(): RemoteReference {
    const id = this.#numericId();
    const reference = this.#tables.importReference(id, this.perspective);
    if (this.received === undefined) this.received = [reference];
    else this.received.push(reference);
    return reference;
  }

  #decimal(operands: number): unknown {
    if (operands < 2) throw new JellyError("decimal takes a coefficient and an exponent");
    const coefficient = this.#integer();
    const exponent = this.#integer();
    this.#in.skip(operands - 2);
    return decimalValue(coefficient, exponent);
  }

  /** `[tag state]` of a registered class, `[tag id state]` of a cache, or nothing that is known (spec §3.4, §3.7). */
  #instance(tag: string, operands: number): unknown {
    if (!isAdmitted(this.#classes, tag)) throw refused(tag);
    const decoder = tag === COPYABLE_FAILURE ? this.#failureDecoder : this.#classes.decoder(tag);
    if (decoder === undefined) throw unregistered(tag);
    const id = decoder.kind === "cache" && operands === 2 ? this.#numericId() : undefined;
    if (operands !== (id === undefined ? 1 : 2)) throw new JellyError(`${tag} with ${operands} operands`);
    if (decoder.kind === "made") return this.#made(decoder, tag);
    return this.#filled(decoder, id, tag);
  }

  #made(decoder: Decoder & { kind: "made" }, tag: string): unknown {
    const defining = this.#sharing.take();
    const state = this.#state(tag);
    const place = this.#place;
    const value = decoder.make(state);
    if (place !== undefined && place.container === state && tag !== COPYABLE_FAILURE) place.copy = value as object;
    this.#sharing.remember(defining, value);
    return value;
  }

  /** The object is there before its state, so that the state can refer to it; it is filled when the state is complete. */
  #filled(decoder: Exclude<Decoder, { kind: "made" }>, id: number | undefined, tag: string): unknown {
    let object: object;
    if (decoder.kind === "cache" && id !== undefined) {
      object = this.#cacheReceived(this.#tables.importCache(id, () => decoder.create()));
    } else {
      object = decoder.create();
    }
    this.#sharing.define(object);
    const open = this.#sharing.open;
    const state = this.#state(tag);
    if (this.#sharing.open > open) this.#sharing.atEnd(() => decoder.fill(object, state));
    else decoder.fill(object, state);
    return object;
  }

  #state(tag: string): unknown {
    this.#enter();
    const state = this.#value();
    this.#depth--;
    if (state === PENDING) throw new JellyError(`the state of ${tag} cannot refer to what is not complete`);
    return state;
  }

  #cachedAgain(): unknown {
    return this.#cacheReceived(this.#tables.importCacheAgain(this.#numericId()));
  }

  #cacheReceived(cache: RemoteCache): RemoteCache {
    if (this.caches === undefined) this.caches = [cache];
    else this.caches.push(cache);
    return cache;
  }

  readonly #failureDecoder: Decoder & { kind: "made" } = {
    kind: "made",
    make: (state) => revived(failureFromState(state), this.#classes),
  };

  #reference(operands: number): unknown {
    if (operands !== 2) throw new JellyError("reference takes a number and a form");
    const id = this.#referenceId();
    this.#sharing.expect(id);
    const value = this.#value();
    this.#sharing.take();
    if (value === PENDING) throw this.#sharing.dangling();
    if (!this.#sharing.knows(id)) this.#sharing.remember(id, value);
    return value;
  }

  #dereference(operands: number): unknown {
    if (operands < 1) throw new JellyError("dereference takes a number");
    const id = this.#referenceId();
    this.#in.skip(operands - 1);
    return this.#sharing.get(id);
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

  /** Reads the one operand that counts; further ones are ignored (spec §3.2). */
  #one<T>(operands: number, name: string, read: () => T): T {
    if (operands < 1) throw new JellyError(`${name} without an operand`);
    this.#sharing.take();
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

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
