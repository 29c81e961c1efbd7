// Frames to values (docs/pb7.md, Values): one pass over the bytes. An object is there before what it contains, so that it can
// contain itself; a list of numbered objects is kept only for messages that share some. Hot: see also reader.ts.
import { type InsecureJelly, JellyError, LimitExceeded, ProtocolError } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import type { RemoteCache } from "../../references/remote-cache.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import { Float } from "../../values/float.ts";
import { Keywords } from "../../values/keywords.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import { refused } from "../jelly/refusals.ts";
import { readMap, readObject, readSet, readSlowly, readTuple } from "./containers.ts";
import { readFailure } from "./failures.ts";
import { readOther } from "./rare-readings.ts";
import { BodyReader, truncated } from "./reader.ts";
import { type Layout, walkLayout } from "./skim.ts";
import { Resolving, type Skimmed } from "./skimmed.ts";
import { flags, tags, typeOfTag } from "./tags.ts";

/** What a message has counted that was not reached when it could not be decoded. */
export interface Receipts {
  readonly objects: number[];
  readonly caches: number[];
  readonly streams: number[];
}

export interface DecoderSetup {
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: Limits;
}

export class Decoder {
  perspective: object | null = null;
  /** References decoded since this was last cleared, one entry per receipt. */
  received: RemoteReference[] | undefined;
  /** The same for copies of the peer's Cacheables. */
  caches: RemoteCache[] | undefined;
  /** The same for streams of the peer's. */
  streams: object[] | undefined;
  /** For the rooms that read rare values and failures. */
  readonly in: BodyReader = new BodyReader();
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  /** What was resolved when the message arrived, of one that is decoded later. */
  resolving: Resolving | undefined;
  /** Whether objects arrive as Maps. */
  readonly maps: boolean;
  readonly #maxDepth: number;
  readonly #maxElements: number;
  readonly #exact: boolean;
  /** By tag: whether the security options admit its type. */
  readonly #admitted: readonly boolean[];
  readonly #strings: boolean;
  #depth = 0;
  #elements = 0;
  // Of a message that shares objects: those that have begun, which of them are complete, and how often one was referred to
  // that was not.
  #objects: unknown[] | undefined;
  #ready: boolean[] | undefined;
  #unready = 0;
  #fills: (() => void)[] | undefined;

  constructor({ tables, classes, values, limits }: DecoderSetup) {
    this.tables = tables;
    this.classes = classes;
    this.#maxDepth = limits.depth;
    this.#maxElements = limits.elements;
    this.#exact = values.floats === "exact";
    this.maps = values.dicts === "map";
    this.#admitted = admittedBy(classes);
    this.#strings = this.#admitted[tags.shortString] as boolean;
  }

  /** Begins to read a body. */
  read(buffer: Uint8Array, start: number, end: number): void {
    this.in.read(buffer, start, end);
    this.#begin();
  }

  /** Everything that has come was read: nothing of it is kept. */
  rest(): void {
    this.in.rest();
  }

  /** Where the next byte is. */
  get at(): number {
    return this.in.at;
  }

  set at(at: number) {
    this.in.at = at;
  }

  get end(): number {
    return this.in.end;
  }

  byte(): number {
    return this.in.byte();
  }

  peek(): number {
    if (this.in.at >= this.in.end) throw truncated();
    return this.in.buffer[this.in.at] as number;
  }

  varint(): number {
    return this.in.varint();
  }

  /** A string of the protocol. */
  string(): string {
    return this.in.nameText();
  }

  /** A name of the protocol: by its number, or spelled out. */
  name(): string {
    return this.in.name();
  }

  /** Throws ProtocolError if bytes are left. */
  finish(): void {
    if (this.in.at !== this.in.end) throw new ProtocolError("a message has bytes behind its end");
  }

  /** The flags of the message whose values follow. */
  flags(bits: number): void {
    if ((bits & flags.shares) !== 0) this.#share();
    else this.#objects = undefined;
  }

  value(): unknown {
    this.#depth = 0;
    return this.inner();
  }

  positional(): unknown[] {
    this.#depth = 0;
    const count = this.in.count();
    if (!this.#admitted[tags.tuple]) throw refused("tuple");
    this.count(count);
    // Pushed to, an array would begin with room for 17.
    if (count === 0) return [];
    if (count === 1) return [this.inner()];
    if (count === 2) return [this.inner(), this.inner()];
    const args: unknown[] = [];
    for (let i = 0; i < count; i++) args.push(this.inner());
    return args;
  }

  keywords(): Keywords | undefined {
    this.#depth = 0;
    const count = this.in.count();
    if (!this.#admitted[tags.object]) throw refused("dictionary");
    this.count(count * 2);
    const entries: [string, unknown][] = [];
    for (let i = 0; i < count; i++) entries.push([this.in.string(), this.inner()]);
    return entries.length === 0 ? undefined : Keywords.fromEntries(entries);
  }

  /** What a call failed with: always an Error. */
  failure(): Error {
    return readFailure(this);
  }

  /** The message is decoded: instances get what could not be given to them before. */
  complete(): void {
    const fills = this.#fills;
    this.#begin();
    for (const fill of fills ?? []) fill();
  }

  /** The body of a NAME frame. */
  defineName(): void {
    this.in.definitions.addName(this.in.nameText());
    this.finish();
  }

  /** The body of a SHAPE frame. */
  defineShape(): void {
    const keys: string[] = [];
    for (let rest = this.in.count(); rest > 0; rest--) keys.push(this.in.nameText());
    this.in.definitions.addShape(keys);
    this.finish();
  }

  /**
   * What the values of a message that could not be decoded have counted and decoding did not reach. The place to read is at the
   * first of them, `received`, `caches` and `streams` are as decoding left them.
   */
  receipts(layout: Layout): Receipts {
    const objects: number[] = [];
    const caches: number[] = [];
    const streams: number[] = [];
    walkLayout(this.in, layout, {
      remote: (id) => objects.push(id),
      cache: (id) => caches.push(id),
      stream: (id) => streams.push(id),
    });
    // Decoding goes through the bytes in the same order.
    return {
      objects: objects.slice(this.received?.length ?? 0),
      caches: caches.slice(this.caches?.length ?? 0),
      streams: streams.slice(this.streams?.length ?? 0),
    };
  }

  /** Of a message that is decoded later: counts what it counts, and says what is still to come. */
  skim(layout: Layout): Skimmed {
    const { buffer, at } = this.in;
    const resolving = new Resolving(this, this.#maxElements);
    walkLayout(this.in, layout, resolving);
    const body = new Uint8Array(buffer.subarray(at, this.in.at)); // a copy: `slice` of a Buffer is none
    this.finish();
    return resolving.skimmed(body, this.#objects !== undefined, this.perspective);
  }

  /** Begins to decode a message that was skimmed, with the bytes of its transfers. */
  resume(skimmed: Skimmed, leaves: ReadonlyMap<number, Uint8Array>): void {
    this.read(skimmed.body, 0, skimmed.body.length);
    this.perspective = skimmed.perspective;
    if (skimmed.shares) this.#share();
    this.resolving = Resolving.again(skimmed, leaves);
  }

  /** A value inside another. */
  inner(): unknown {
    const reader = this.in;
    const at = reader.at;
    if (at >= reader.end) throw truncated();
    const tag = reader.buffer[at] as number;
    reader.at = at + 1;
    if (tag >= tags.small) return tag - tags.small;
    if (tag >= tags.shortString) {
      if (!this.#strings) throw refused("unicode");
      return reader.ascii(tag - tags.shortString);
    }
    if (tag === tags.double) return reader.double();
    if (tag === tags.integer) return reader.integer();
    return this.#other(tag);
  }

  #other(tag: number): unknown {
    if (!this.#admitted[tag]) throw this.#refused(tag);
    switch (tag) {
      case tags.shaped:
        return this.#shaped();
      case tags.null:
        return null;
      case tags.undefined:
        return undefined;
      case tags.false:
        return false;
      case tags.true:
        return true;
      case tags.float: {
        const value = this.in.double();
        return this.#exact && Number.isInteger(value) ? new Float(value) : value;
      }
      case tags.ascii:
      case tags.utf8:
      case tags.utf16:
        return this.in.longString(tag);
      case tags.array:
        return this.#array();
      case tags.tuple:
        return readTuple(this);
      case tags.object:
        return readObject(this);
      case tags.map:
        return readMap(this);
      case tags.set:
      case tags.frozenSet:
        return readSet(this, tag === tags.frozenSet);
      case tags.again:
        return this.#again();
      default:
        return readOther(this, tag);
    }
  }

  /** Counts what takes memory; throws LimitExceeded above the limit. */
  count(elements: number): void {
    this.#elements += elements;
    if (this.#elements > this.#maxElements) {
      throw new LimitExceeded("elements", `a message has more elements than limits.elements (${this.#maxElements})`);
    }
  }

  enter(): void {
    if (++this.#depth > this.#maxDepth) {
      throw new LimitExceeded("depth", `a value is nested deeper than limits.depth (${this.#maxDepth})`);
    }
  }

  leave(): void {
    this.#depth--;
  }

  /** An object begins: it has the next number. */
  define(object: unknown): number {
    if (this.#objects === undefined) return -1;
    this.#ready?.push(false);
    return this.#objects.push(object) - 1;
  }

  /** For an object that is made when its content is complete: `define(undefined)` has kept its number. */
  settle(number: number, object: unknown): void {
    if (this.#objects !== undefined) this.#objects[number] = object;
  }

  /** References so far to what was not complete. */
  get unready(): number {
    return this.#unready;
  }

  /** An object has ended; `unready` is what there was when it began. True if all in it is complete. */
  done(number: number, unready: number): boolean {
    if (number < 0) return true;
    const ready = this.#unready === unready;
    if (this.#ready !== undefined) this.#ready[number] = ready;
    return ready;
  }

  /** Runs when the message is complete. */
  later(fill: () => void): void {
    this.#fills ??= [];
    this.#fills.push(fill);
  }

  #begin(): void {
    this.#depth = 0;
    this.#elements = 0;
    this.#objects = undefined;
    this.#unready = 0;
    this.#fills = undefined;
    this.resolving = undefined;
    this.#ready = undefined;
  }

  #share(): void {
    this.#objects = [];
    this.#ready = [];
  }

  #refused(tag: number): InsecureJelly {
    const name = (Object.keys(typeOfTag) as (keyof typeof tags)[]).find((one) => tags[one] === tag);
    return refused((name && typeOfTag[name]) ?? "");
  }

  #array(): unknown[] {
    const reader = this.in;
    const count = reader.count();
    this.count(count);
    this.enter();
    const items: unknown[] = [];
    const number = this.#objects === undefined ? -1 : this.define(items);
    const unready = this.#unready;
    for (let i = 0; i < count; i++) {
      if (reader.buffer[reader.at] !== tags.hole) items.push(this.inner());
      else this.#hole(items);
    }
    if (number >= 0) this.done(number, unready);
    this.#depth--;
    return items;
  }

  #hole(items: unknown[]): void {
    this.in.byte();
    items.length++;
  }

  #shaped(): unknown {
    const shape = this.in.shape();
    const { keys, builder } = shape;
    if (this.maps || shape.hostile) return readSlowly(this, keys);
    this.count(keys.length);
    this.enter();
    const object: Record<string, unknown> = {};
    const number = this.#objects === undefined ? -1 : this.define(object);
    const unready = this.#unready;
    if (builder !== undefined) {
      builder(this, keys, object);
    } else {
      shape.met();
      const count = keys.length;
      for (let i = 0; i < count; i++) object[keys[i] as string] = this.inner();
    }
    if (number >= 0) this.done(number, unready);
    this.#depth--;
    return object;
  }

  #again(): unknown {
    const number = this.in.varint();
    const objects = this.#objects;
    if (objects === undefined) throw new JellyError("an object again in a message that shares none");
    if (number >= objects.length) throw new JellyError(`there is no object ${number} in the message yet`);
    if (!this.#ready?.[number]) this.#unready++;
    const object = objects[number];
    if (object === undefined) throw new JellyError("an object is in its own state, and is made of that");
    return object;
  }
}

// What the options of all connections of a server say.
const admittances = new WeakMap<ClassPolicy, readonly boolean[]>();

function admittedBy(classes: ClassPolicy): readonly boolean[] {
  let admitted = admittances.get(classes);
  if (admitted === undefined) {
    const each = new Array<boolean>(tags.shortString + 1).fill(true);
    for (const [name, type] of Object.entries(typeOfTag)) {
      each[tags[name as keyof typeof tags]] = classes.isTypeAllowed(type) !== false;
    }
    admitted = each;
    admittances.set(classes, admitted);
  }
  return admitted;
}
