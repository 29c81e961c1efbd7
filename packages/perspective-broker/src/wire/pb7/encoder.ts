// Values to frames (docs/pb7.md, Values): walks a value once and writes it. Objects are numbered on the way, so that what is
// met again is written as its number. What is met often is here; other values are in rare-values.ts. Hot: see also writer.ts.
import { LimitExceeded, UnsendableError } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import { FrozenSet } from "../../values/frozen-set.ts";
import type { Keywords } from "../../values/keywords.ts";
import { Tuple } from "../../values/tuple.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import type { Outbox } from "../outbox.ts";
import { isSharedMemory } from "./buffers.ts";
import { type Node, SentDefinitions, type Shape } from "./definitions.ts";
import { writeFailure } from "./failures.ts";
import { Numbering } from "./numbering.ts";
import { className, writeOther } from "./rare-values.ts";
import { flags, NAME_FRAME, pieces, SHAPE_FRAME, tags } from "./tags.ts";
import { type Cut, definitionFrame, FrameWriter, stringBytes, varintBytes } from "./writer.ts";

/** A byte string of at least this size is sent by reference where the caller allows it. */
const BY_REFERENCE = 16 * 1024;

/** A leaf that goes in pieces. */
export interface Transfer {
  readonly id: number;
  readonly bytes: Uint8Array;
}

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

export interface EncoderSetup {
  readonly outbox: Outbox;
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: Limits;
}

/** What is kept of a frame while another one is written. */
interface Frame {
  numbering: Numbering;
  scratch: unknown[];
  top: number;
  depth: number;
  steps: (string | number | undefined)[];
  cargo: Cargo;
  perspective: object | null;
  marks: number;
  hasFlags: boolean;
  byReference: boolean;
  whole: number;
  fresh: boolean;
  late: LateLeaf[] | undefined;
  shape: Shape | undefined;
}

interface LateLeaf {
  readonly cut: Cut;
  /** The tag of what comes in pieces, what stands between it and the transfer, and the tag that it has as a whole. */
  readonly head: readonly number[];
  readonly wholeHead: readonly number[];
  readonly bytes: Uint8Array;
}

export class Encoder {
  /** Set after `begin`: byte strings belong to the library until the call is answered, and need not be copied. */
  byReference = false;
  /** Bytes that the peer takes in pieces. */
  peerBytes = 0;
  /** For rare-values.ts and failures.ts. */
  readonly out: FrameWriter;
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly options: ValueOptions;
  perspective: object | null = null;
  cargo: Cargo = {};
  readonly #outbox: Outbox;
  readonly #maxDepth: number;
  readonly #definitions = new SentDefinitions();
  #pending: Uint8Array[] = [];
  #transfers = 0;
  #open = false;
  #outer: Frame[] = [];
  #numbering = new Numbering();
  // Values of the objects that are being written: read once, all before the first is written.
  #scratch: unknown[] = [];
  #top = 0;
  #depth = 0;
  #steps: (string | number | undefined)[] = [];
  #marks = 0;
  #hasFlags = false;
  // Above 0 where leaves travel whole; `fresh` once a Cacheable is in the frame that the peer does not know.
  #whole = 0;
  #fresh = false;
  #late: LateLeaf[] | undefined;
  // The shape that was written last: what came after it last time mostly comes after it again.
  #first: Shape;
  #shape: Shape;
  #polluted = false;

  constructor({ outbox, tables, classes, values, limits }: EncoderSetup) {
    this.#outbox = outbox;
    this.tables = tables;
    this.classes = classes;
    this.options = values;
    this.#maxDepth = limits.depth;
    this.out = new FrameWriter(limits);
    this.#first = { number: -1, keys: [], path: [this.#definitions.root], next: undefined };
    this.#shape = this.#first;
  }

  get peerMessage(): number {
    return this.out.peerMessage;
  }

  set peerMessage(bytes: number) {
    this.out.peerMessage = bytes;
  }

  /** Begins a frame. User code that runs while it is written can begin another one on the same connection. */
  begin(type: number, flagsByte: number | undefined, perspective: object | null): void {
    if (this.#open) this.#save();
    this.#open = true;
    this.perspective = perspective;
    this.byReference = false;
    this.#hasFlags = flagsByte !== undefined;
    this.#depth = 0;
    this.#polluted = isPolluted();
    this.out.begin(type);
    if (flagsByte !== undefined) this.out.byte(flagsByte);
  }

  /**
   * Ends the frame: it and what was defined for it are in the outbox. Throws LimitExceeded if it is too large, and it stays open.
   */
  commit(into?: Outbox): Cargo {
    const out = this.out;
    if (this.#late !== undefined) this.#placeLate(this.#late);
    if (this.#hasFlags && this.#marks !== 0) out.mark(this.#marks);
    out.seal();
    if (this.#pending.length > 0) {
      for (const frame of this.#pending) this.#outbox.put(frame, 0, frame.length);
      this.#pending = [];
    }
    const outbox = into ?? this.#outbox;
    outbox.frame = outbox.total;
    out.end(outbox);
    const cargo = this.cargo;
    this.#close();
    if (cargo.caches !== undefined) this.tables.cachesSent(cargo.caches);
    return cargo;
  }

  /** Ends the frame without a trace. What was defined for it is sent with the next one. */
  rollback(): void {
    this.out.rollback();
    const { exported, caches, streams } = this.cargo;
    this.#close();
    for (const id of exported ?? []) this.tables.unexport(id);
    for (const id of caches ?? []) this.tables.unexportCache(id);
    for (const id of streams ?? []) this.tables.unexportStream(id);
  }

  byte(value: number): void {
    this.out.byte(value);
  }

  varint(value: number): void {
    this.out.varint(value);
  }

  string(text: string): void {
    this.out.string(text);
  }

  /** A name of the protocol: by its number. */
  name(name: string): void {
    const number = this.#definitions.name(name);
    if (number > 0) {
      this.out.varint(number);
    } else if (number < 0) {
      this.#pending.push(definitionFrame(NAME_FRAME, undefined, [name]));
      this.out.varint(-number);
    } else {
      this.out.byte(0);
      this.out.string(name);
    }
  }

  /** One value; `step` leads to it in errors. */
  value(value: unknown, step?: string | number): void {
    this.#depth = 0;
    this.#steps[0] = step;
    try {
      this.#value(value);
    } catch (error) {
      throw this.#located(error);
    }
  }

  /** The arguments of a call. Trailing undefined arguments are left out. */
  positional(args: readonly unknown[]): void {
    let count = args.length;
    while (count > 0 && args[count - 1] === undefined) count--;
    this.#depth = 0;
    try {
      this.out.varint(count);
      for (let i = 0; i < count; i++) this.member(args[i], i);
    } catch (error) {
      throw this.#located(error);
    }
  }

  keywords(keywords: Keywords): void {
    this.#depth = 0;
    try {
      this.out.varint(keywords.size);
      for (const [name, value] of keywords) {
        this.out.string(name);
        this.member(value, name);
      }
    } catch (error) {
      throw this.#located(error);
    }
  }

  /** An error: as an instance if its class says so, else what travels of every error. */
  failure(error: unknown, later: boolean): void {
    this.#depth = 0;
    this.#steps[0] = undefined;
    try {
      writeFailure(this, error, later);
    } catch (problem) {
      throw this.#located(problem);
    }
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
    this.#marks |= flags.shares;
    this.out.head(tags.again, number);
    return false;
  }

  wasMet(object: object): boolean {
    return this.#numbering.has(object);
  }

  /** The own enumerable properties of an object that only its owner refers to. */
  properties(object: object): void {
    this.#numbering.skip();
    this.enter();
    this.#properties(object as Record<string, unknown>);
    this.leave();
  }

  sequence(tag: number, items: readonly unknown[]): void {
    const count = items.length;
    this.out.head(tag, count);
    this.enter();
    for (let i = 0; i < count; i++) {
      const item = items[i];
      if (item === undefined && tag === tags.array && !Object.hasOwn(items, i)) this.out.byte(tags.hole);
      else this.member(item, i);
    }
    this.leave();
  }

  /** Byte strings and buffers: `head` is the tag, and the kind if there is one. */
  leaf(bytes: Uint8Array, head: readonly number[], lateHead: readonly number[]): void {
    const size = bytes.length;
    const own = !this.byReference || isSharedMemory(bytes);
    if (this.#goesInPieces(size)) {
      this.#later(own ? bytes.slice() : bytes, head, lateHead);
      return;
    }
    for (const byte of head) this.out.byte(byte);
    this.out.varint(size);
    if (size >= BY_REFERENCE && !own) this.out.cut(bytes);
    else this.out.bytes(bytes);
  }

  /** Until `act` has run, nothing goes in pieces: what it writes is needed when the frame arrives. */
  wholly(act: () => void): void {
    this.#whole++;
    act();
    this.#whole--;
  }

  /** A Cacheable that the peer does not know is in the frame: it is there when the frame arrives, so nothing may come later. */
  carriesFresh(): void {
    if ((this.#marks & flags.late) !== 0) throw new UnsendableError(this.#where(), FRESH_AND_RESULT);
    this.#fresh = true;
  }

  /** The result of a call takes this place later. */
  result(call: number): void {
    if (this.#fresh) throw new UnsendableError(this.#where(), FRESH_AND_RESULT);
    this.#marks |= flags.late;
    this.out.head(tags.result, call);
  }

  unsendable(value: unknown, message: string): void {
    if (this.options.unsendable === "throw") throw new UnsendableError(this.#where(), message);
    this.out.byte(tags.unpersistable);
    this.out.string(`instance of class ${className(value)} deemed insecure`);
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
      if (Symbol.asyncIterator in value) writeOther(this, value);
      else if (this.isNew(value)) {
        this.enter();
        this.#properties(value as Record<string, unknown>);
        this.leave();
      }
    } else if (Array.isArray(value)) {
      if (this.isNew(value)) this.sequence(value instanceof Tuple ? tags.tuple : tags.array, value);
    } else if (value instanceof Map) {
      if (this.isNew(value)) this.#entries(value);
    } else if (value instanceof Set) {
      if (this.isNew(value)) this.#members(value);
    } else if (value instanceof Uint8Array) {
      if (this.isNew(value)) this.leaf(value, BYTES, LATE_BYTES);
    } else {
      writeOther(this, value);
    }
  }

  /** Own enumerable string keys in their order. Each getter runs once, and all before the first value is written. */
  #properties(object: Record<string, unknown>): void {
    const predicted = this.#shape.next ?? this.#first;
    const expected = predicted.keys;
    const scratch = this.#scratch;
    const base = this.#top;
    let count = 0;
    let same = 0;
    let keys: string[] | undefined;
    for (const key in object) {
      if (keys === undefined) {
        if (key === expected[same]) same++;
        else keys = expected.slice(0, same);
      }
      if (keys !== undefined) {
        if (this.#polluted && !Object.hasOwn(object, key)) continue;
        keys.push(key);
      }
      scratch[base + count++] = object[key];
      this.#top = base + count;
    }
    let shape: Shape | undefined = predicted;
    if (keys !== undefined || same < expected.length || count === 0) {
      keys ??= expected.slice(0, same);
      shape = this.#find(predicted, same, keys);
    }
    if (shape === undefined) {
      this.#unshaped(keys as string[], base);
    } else {
      this.#shape.next = shape;
      this.#shape = shape;
      this.#shaped(shape, base);
    }
    this.#top = base;
  }

  #shaped(shape: Shape, base: number): void {
    const { keys } = shape;
    const count = keys.length;
    const scratch = this.#scratch;
    this.out.head(tags.shaped, shape.number);
    for (let i = 0; i < count; i++) {
      const value = scratch[base + i];
      scratch[base + i] = undefined;
      this.member(value, keys[i] as string);
    }
  }

  #unshaped(keys: readonly string[], base: number): void {
    const count = keys.length;
    const scratch = this.#scratch;
    this.out.head(tags.object, count);
    for (let i = 0; i < count; i++) {
      const value = scratch[base + i];
      scratch[base + i] = undefined;
      this.out.string(keys[i] as string);
      this.member(value, keys[i] as string);
    }
  }

  /** The shape of these keys, of which so many are those of another; undefined if there is none. */
  #find(near: Shape, same: number, keys: readonly string[]): Shape | undefined {
    let node: Node | undefined = near.path[same];
    for (let i = same; node !== undefined && i < keys.length; i++) node = node.child(keys[i] as string);
    if (node?.shape !== undefined) return node.shape;
    const shape = this.#definitions.shape(keys);
    if (shape !== undefined) this.#pending.push(definitionFrame(SHAPE_FRAME, keys.length, keys));
    return shape;
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
        this.wholly(() => this.member(key, "(a key)"));
        this.member(value, `(the value of a ${typeof key} key)`);
      }
    }
    this.leave();
  }

  #members(set: ReadonlySet<unknown>): void {
    const items = [...set];
    this.wholly(() => this.sequence(set instanceof FrozenSet ? tags.frozenSet : tags.set, items));
  }

  #longString(text: string): void {
    if (!this.#goesInPieces(text.length)) {
      this.out.string(text);
      return;
    }
    const { tag, bytes } = stringBytes(text);
    if (this.#goesInPieces(bytes.length)) this.#later(bytes, [tag], [tags.lateString, tag]);
    else this.out.string(text);
  }

  #goesInPieces(size: number): boolean {
    if (size <= pieces.fromInLarge || size > this.peerBytes || this.#whole > 0 || this.#fresh) return false;
    return size > pieces.from || this.out.size > pieces.largeMessage;
  }

  #later(bytes: Uint8Array, wholeHead: readonly number[], head: readonly number[]): void {
    this.#late ??= [];
    this.#late.push({ cut: this.out.cut(bytes.subarray(0, 0)), head, wholeHead, bytes });
  }

  /** Transfers are numbered when their frame is sent: frames that were begun later may be sent earlier. */
  #placeLate(late: LateLeaf[]): void {
    this.#late = undefined;
    for (const { cut, head, wholeHead, bytes } of late) {
      const units = wholeHead[0] === tags.utf16 ? bytes.length / 2 : bytes.length;
      if (this.#fresh) {
        cut.bytes = joined([...wholeHead, ...varintBytes(units)], bytes);
        continue;
      }
      const id = ++this.#transfers;
      cut.bytes = Uint8Array.from([...head, ...varintBytes(id), ...varintBytes(bytes.length)]);
      this.cargo.transfers ??= [];
      this.cargo.transfers.push({ id, bytes });
      this.#marks |= flags.late;
    }
  }

  /** What was refused, with the path to it. */
  #located(error: unknown): unknown {
    const path = this.#where();
    if (path === "") return error;
    return error instanceof UnsendableError && error.path === "" ? new UnsendableError(path, error.message) : error;
  }

  /** `[0].owner.onClick` */
  #where(): string {
    let path = "";
    for (let i = 0; i <= this.#depth; i++) {
      const step = this.#steps[i];
      if (step !== undefined) path += typeof step === "number" ? `[${step}]` : `.${step}`;
    }
    return path;
  }

  #save(): void {
    this.#outer.push({
      numbering: this.#numbering,
      scratch: this.#scratch,
      top: this.#top,
      depth: this.#depth,
      steps: this.#steps,
      cargo: this.cargo,
      perspective: this.perspective,
      marks: this.#marks,
      hasFlags: this.#hasFlags,
      byReference: this.byReference,
      whole: this.#whole,
      fresh: this.#fresh,
      late: this.#late,
      shape: this.#shape,
    });
    this.#numbering = new Numbering();
    this.#scratch = [];
    this.#steps = [];
    this.#clear();
  }

  #close(): void {
    const outer = this.#outer.pop();
    this.#open = outer !== undefined;
    if (outer === undefined) {
      this.#numbering.clear();
      this.#clear();
      return;
    }
    this.#numbering = outer.numbering;
    this.#scratch = outer.scratch;
    this.#top = outer.top;
    this.#depth = outer.depth;
    this.#steps = outer.steps;
    this.cargo = outer.cargo;
    this.perspective = outer.perspective;
    this.#marks = outer.marks;
    this.#hasFlags = outer.hasFlags;
    this.byReference = outer.byReference;
    this.#whole = outer.whole;
    this.#fresh = outer.fresh;
    this.#late = outer.late;
    this.#shape = outer.shape ?? this.#first;
  }

  #clear(): void {
    if (this.#top > 0) {
      this.#scratch.length = 0; // a frame that failed has left values there
      this.#top = 0;
    }
    this.cargo = {};
    this.perspective = null;
    this.#marks = 0;
    this.#whole = 0;
    this.#fresh = false;
    this.#late = undefined;
    this.#shape = this.#first;
  }
}

const BYTES: readonly number[] = [tags.bytes];
const LATE_BYTES: readonly number[] = [tags.lateBytes];
const FRESH_AND_RESULT =
  "a result that is not there yet cannot go along with a Cacheable that the other side has no copy of; await the result first";

/** Whether somebody has given all objects enumerable properties: then they must be kept out. */
function isPolluted(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}

function joined(head: readonly number[], bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}
