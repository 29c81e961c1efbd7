// Values to bytes (docs/pb7.md, Values): walks a value once and writes it. Objects are numbered on the way, so that what is
// met again is written as its number. What is met often is here; other values are in rare-values.ts. One of these writes one
// frame at a time: frames that are begun while another is written have one each. Hot: see also writer.ts.
import { LimitExceeded, UnsendableError } from "../../errors.ts";
import { FrozenSet } from "../../values/frozen-set.ts";
import { Tuple } from "../../values/tuple.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import { LateLeaves, type Transfer } from "./late-leaves.ts";
import { Numbering } from "./numbering.ts";
import { type Defining, PropertyWriter } from "./property-writer.ts";
import { className, writeOther } from "./rare-values.ts";
import { flags, pieces, tags } from "./tags.ts";
import { FrameWriter, SHORT, stringBytes } from "./writer.ts";

/** What one frame carries that must be taken back if it is not sent. */
export interface Cargo {
  /** The ids of exported objects, one entry per occurrence. */
  exported?: number[];
  /** The same for caches. */
  caches?: number[];
  transfers?: Transfer[];
  /** The numbers of exported streams. */
  streams?: number[];
}

/** What all frames of a connection share. */
export interface Surroundings {
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: { readonly depth: number };
}

// Those that write no frame. One writes all frames of the process, unless one is begun within another: a connection that says
// nothing keeps none.
const idle: ValueWriter[] = [];

export class ValueWriter {
  /** For rare-values.ts and failures.ts. */
  readonly out: FrameWriter = FrameWriter.one;
  readonly leaves: LateLeaves = new LateLeaves(this.out);
  /** The frame has flags. */
  flagged = false;
  /** The frame of the same connection within which this one was begun. */
  outer: ValueWriter | undefined;
  perspective: object | null = null;
  cargo: Cargo = {};
  /** Flags that the frame must have: SHARES, LATE. */
  marks = 0;
  #surroundings: Surroundings | undefined;
  #defining: Defining | undefined;
  #maxDepth = 0;
  readonly #numbering = new Numbering();
  #depth = 0;
  readonly #steps: (string | number | undefined)[] = [];
  readonly #properties: PropertyWriter = new PropertyWriter(this);

  /** A frame begins: the writer for it. */
  static begin(surroundings: Surroundings, defining: Defining, perspective: object | null): ValueWriter {
    const writer = idle.pop() ?? new ValueWriter();
    writer.#surroundings = surroundings;
    writer.#defining = defining;
    writer.#maxDepth = surroundings.limits.depth;
    writer.perspective = perspective;
    writer.#depth = 0;
    writer.#properties.begin(defining);
    return writer;
  }

  get tables(): ObjectTables {
    return (this.#surroundings as Surroundings).tables;
  }

  get classes(): ClassPolicy {
    return (this.#surroundings as Surroundings).classes;
  }

  get options(): ValueOptions {
    return (this.#surroundings as Surroundings).values;
  }

  /** The frame has ended, or was taken back; nothing of it is kept. */
  end(complete: boolean): void {
    this.#numbering.clear();
    this.leaves.clear();
    this.cargo = {};
    this.perspective = null;
    this.marks = 0;
    this.#properties.end(complete);
    this.outer = this.#surroundings = this.#defining = undefined;
    idle.push(this);
  }

  /** One value; `step` leads to it in errors. */
  value(value: unknown, step?: string | number): void {
    this.start(step);
    this.inner(value);
  }

  /** A list of values, with their numbers as steps. */
  list(values: readonly unknown[], count: number): void {
    this.start(undefined);
    this.members(values, 0, count, undefined, 0);
  }

  /** Values begin that are not in another. */
  start(step: string | number | undefined): void {
    this.#depth = 0;
    this.#steps[0] = step;
  }

  name(name: string): void {
    (this.#defining as Defining).definitions.writeName(this.out, name);
  }

  /** A value inside another; `step` leads to it. */
  member(value: unknown, step: string | number): void {
    switch (typeof value) {
      case "number":
        this.out.number(value);
        return;
      case "string":
        if (value.length > pieces.fromInLarge) this.#longString(value);
        else this.out.string(value);
        return;
      case "boolean":
        this.out.byte(value ? tags.true : tags.false);
        return;
      case "undefined":
        this.out.byte(tags.undefined);
        return;
    }
    this.#steps[this.#depth] = step;
    this.#value(value);
  }

  /** A value that stands in the place of another: no step leads to it. */
  inner(value: unknown): void {
    this.#value(value);
  }

  /** Begins a container. */
  enter(): void {
    if (++this.#depth > this.#maxDepth) {
      throw new LimitExceeded("depth", `a value is nested deeper than limits.depth (${this.#maxDepth})`);
    }
    this.#steps[this.#depth] = undefined;
  }

  leave(): void {
    this.#depth--;
  }

  /** Whether an object is new in this frame: it has a number then. If it is not, that has been written. */
  isNew(object: object): boolean {
    const number = this.#numbering.find(object);
    if (number < 0) return true;
    this.marks |= flags.shares;
    this.out.head(tags.again, number);
    return false;
  }

  /** The object that was numbered last is none. */
  forget(): void {
    this.#numbering.forget();
  }

  wasMet(object: object): boolean {
    return this.#numbering.has(object);
  }

  /** The own enumerable properties of an object that only its owner refers to. */
  properties(object: object): void {
    this.#numbering.skip();
    this.#properties.write(object as Record<string, unknown>, true);
  }

  sequence(tag: number, items: readonly unknown[]): void {
    const count = items.length;
    this.out.head(tag, count);
    this.enter();
    this.members(items, 0, count, tag === tags.array ? HOLES : undefined, 0);
    this.leave();
  }

  /** A Cacheable that the peer does not know is in the frame: it is there when the frame arrives, so nothing may come later. */
  carriesFresh(): void {
    if ((this.marks & flags.late) !== 0) throw new UnsendableError(this.where(), FRESH_AND_RESULT);
    this.leaves.fresh = true;
  }

  /** The result of a call takes this place later. */
  result(call: number): void {
    if (this.leaves.fresh) throw new UnsendableError(this.where(), FRESH_AND_RESULT);
    this.marks |= flags.late;
    this.out.head(tags.result, call);
  }

  unsendable(value: unknown, message: string): void {
    if (this.options.unsendable === "throw") throw new UnsendableError(this.where(), message);
    this.out.byte(tags.unpersistable);
    this.out.string(`instance of class ${className(value)} deemed insecure`);
  }

  /** What was refused, with the path to it. */
  located(error: unknown): unknown {
    const path = this.where();
    if (path === "") return error;
    return error instanceof UnsendableError && error.path === "" ? new UnsendableError(path, error.message) : error;
  }

  /** `[0].owner.onClick` */
  where(): string {
    let path = "";
    for (let i = 0; i <= this.#depth; i++) {
      const step = this.#steps[i];
      if (step !== undefined) path += typeof step === "number" ? `[${step}]` : `.${step}`;
    }
    return path;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "object":
        if (value === null) this.out.byte(tags.null);
        else this.#object(value);
        return;
      case "bigint":
      case "function":
      case "symbol":
        writeOther(this, value);
        return;
      default:
        this.member(value, "");
    }
  }

  #object(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      if (this.isNew(value)) this.#properties.write(value as Record<string, unknown>, false);
    } else if (Array.isArray(value)) {
      if (this.isNew(value)) this.sequence(value instanceof Tuple ? tags.tuple : tags.array, value);
    } else if (value instanceof Map) {
      if (this.isNew(value)) this.#entries(value);
    } else if (value instanceof Set) {
      if (this.isNew(value)) this.#items(value);
    } else if (value instanceof Uint8Array) {
      if (this.isNew(value)) this.leaves.write(value, BYTES, LATE_BYTES);
    } else {
      writeOther(this, value);
    }
  }

  /**
   * So many values of a list, from a place on. `keys` are HOLES for an array; for an object its keys, of which `skipped` have
   * their values written already. Small leaves are written right here: a call for each takes longer than the writing
   * (measured: 17 ns for a number with the calls, 5 without).
   */
  members(
    values: readonly unknown[],
    from: number,
    count: number,
    keys: readonly string[] | undefined,
    skipped: number,
  ): void {
    const out = this.out;
    for (let i = 0; i < count; i++) {
      const value = values[from + i];
      if (out.at > out.safe) out.more();
      const buffer = out.buffer;
      let at = out.at;
      if (typeof value === "number") {
        const n = value | 0;
        if (n !== value || (n === 0 && 1 / value < 0)) {
          buffer[at] = tags.double;
          out.view.setFloat64(at + 1, Number.isNaN(value) ? Number.NaN : value, true);
          out.at = at + 9;
        } else if (n >= 0 && n < 128) {
          buffer[at] = tags.small | n;
          out.at = at + 1;
        } else {
          let rest = ((n << 1) ^ (n >> 31)) >>> 0;
          buffer[at++] = tags.integer;
          while (rest > 0x7f) {
            buffer[at++] = (rest & 0x7f) | 0x80;
            rest >>>= 7;
          }
          buffer[at++] = rest;
          out.at = at;
        }
        continue;
      }
      if (typeof value === "string") {
        const length = value.length;
        if (length <= SHORT) {
          buffer[at++] = tags.shortString | length;
          let seen = 0;
          for (let j = 0; j < length; j++) {
            const code = value.charCodeAt(j);
            seen |= code;
            buffer[at++] = code;
          }
          if (seen <= 0x7f) {
            out.at = at;
            continue;
          }
        }
      } else if (value === undefined && keys === HOLES && !(i in values)) {
        out.byte(tags.hole);
        continue;
      }
      if (typeof value === "object" && value !== null) {
        this.#steps[this.#depth] = keys?.[skipped + i] ?? i;
        this.#object(value);
      } else {
        this.member(value, keys?.[skipped + i] ?? i);
      }
    }
  }

  /** What is added meanwhile, by a getter somewhere below, is not sent. */
  #entries(map: ReadonlyMap<unknown, unknown>): void {
    const entries = [...map];
    this.out.head(tags.map, entries.length);
    this.enter();
    for (const [key, value] of entries) {
      if (typeof key === "string") {
        this.out.string(key);
        this.member(value, key);
      } else {
        this.leaves.wholly(() => this.member(key, "(a key)"));
        this.member(value, `(the value of a ${typeof key} key)`);
      }
    }
    this.leave();
  }

  #items(set: ReadonlySet<unknown>): void {
    const items = [...set];
    this.leaves.wholly(() => this.sequence(set instanceof FrozenSet ? tags.frozenSet : tags.set, items));
  }

  #longString(text: string): void {
    if (!this.leaves.goesInPieces(text.length)) {
      this.out.string(text);
      return;
    }
    const { tag, bytes } = stringBytes(text);
    if (this.leaves.goesInPieces(bytes.length)) this.leaves.later(bytes, [tag], [tags.lateString, tag]);
    else this.out.string(text);
  }
}

const BYTES: readonly number[] = [tags.bytes];
const LATE_BYTES: readonly number[] = [tags.lateBytes];
/** The keys of an array, in which there can be holes. */
const HOLES: readonly string[] = [];
const FRESH_AND_RESULT =
  "a result that is not there yet cannot go along with a Cacheable that the other side has no copy of; await the result first";
