// Names and shapes that one side has defined for the other (docs/pb7.md, Names and shapes): both sides' tables, and the
// bounds that hold for both. What is defined stays until the connection ends.

import { LimitExceeded } from "../../errors.ts";
import type { Outbox } from "../outbox.ts";
import { type Builder, builderOf } from "./builders.ts";
import { NAME_FRAME, SHAPE_FRAME, tags } from "./tags.ts";
import { definitionFrame, type FrameWriter, varintBytes } from "./writer.ts";

/** The bounds, the same for every connection. */
export const bounds = { names: 1024, shapes: 1024, keys: 64, length: 128, characters: 65_536 } as const;

/** An ordered list of keys that has a number. */
export interface Shape {
  /** What an object of the shape begins with: tag and number. */
  readonly head: readonly number[];
  readonly keys: readonly string[];
  /** For the sender: the nodes on the way to it, and the shape that came after it last. */
  readonly path: readonly Node[];
  next: Shape | undefined;
}

/** A beginning of a list of keys. */
export class Node {
  shape: Shape | undefined;
  // The way that was taken last is looked at first.
  #key: string | undefined;
  #last: Node | undefined;
  #more: Map<string, Node> | undefined;

  child(key: string): Node | undefined {
    if (key === this.#key) return this.#last;
    const node = this.#more?.get(key);
    if (node === undefined) return undefined;
    this.#key = key;
    this.#last = node;
    return node;
  }

  grow(key: string): Node {
    const known = this.child(key);
    if (known !== undefined) return known;
    const node = new Node();
    this.#more ??= new Map();
    this.#more.set(key, node);
    return node;
  }
}

/** How many lists of keys that were seen once are remembered. */
const CANDIDATES = 256;

/** What this side has defined. */
export class SentDefinitions {
  #first: Shape | undefined;
  /** Frames that must go out before the next one that uses them. */
  #pending: Uint8Array[] | undefined;
  #names: Map<string, number> | undefined;
  #shapes = 0;
  #characters = 0;
  // Only what comes a second time is worth a place; an object that is a dictionary of its own kind never does.
  #candidates: Int32Array | undefined;

  /** No shape: what comes after it is what frames began with last. */
  get first(): Shape {
    this.#first ??= { head: [], keys: [], path: [new Node()], next: undefined };
    return this.#first;
  }

  /** Writes a name by its number; spelled out if there is no place for it. */
  writeName(out: FrameWriter, name: string): void {
    const number = this.#names?.get(name) ?? this.#define(name);
    out.varint(number);
    if (number === 0) out.string(name);
  }

  /** Puts the frames of what was defined since into an outbox. */
  putInto(outbox: Outbox): void {
    if (this.#pending === undefined) return;
    for (const frame of this.#pending) outbox.put(frame, 0, frame.length);
    this.#pending = undefined;
  }

  #define(name: string): number {
    this.#names ??= new Map();
    if (this.#names.size >= bounds.names || !this.#take(name.length, name.length)) return 0;
    const number = this.#names.size + 1;
    this.#names.set(name, number);
    this.#defined(definitionFrame(NAME_FRAME, undefined, [name]));
    return number;
  }

  /** A new shape for these keys, which have none; undefined if they are not worth one, or if there is no place. */
  shape(keys: readonly string[]): Shape | undefined {
    const count = keys.length;
    if (this.#shapes >= bounds.shapes || count === 0 || count > bounds.keys) return undefined;
    let characters = 0;
    let longest = 0;
    let hash = count;
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string;
      const length = key.length;
      if (length > bounds.length || isDigit(key.charCodeAt(0))) return undefined; // a dictionary by number
      characters += length;
      if (length > longest) longest = length;
      for (let j = 0; j < length; j++) hash = Math.imul(hash ^ key.charCodeAt(j), 0x01000193);
      hash = Math.imul(hash ^ 0x100, 0x01000193);
    }
    const slot = (hash ^ (hash >>> 8)) & (CANDIDATES - 1);
    this.#candidates ??= new Int32Array(CANDIDATES);
    if (this.#candidates[slot] !== hash) {
      this.#candidates[slot] = hash;
      return undefined;
    }
    if (!this.#take(characters, longest)) return undefined;
    let node = this.first.path[0] as Node;
    const path: Node[] = [node];
    for (const key of keys) {
      node = node.grow(key);
      path.push(node);
    }
    const head = [tags.shaped, ...varintBytes(this.#shapes++)];
    const shape: Shape = { head, keys, path, next: undefined };
    node.shape = shape;
    this.#defined(definitionFrame(SHAPE_FRAME, count, keys));
    return shape;
  }

  #defined(frame: Uint8Array): void {
    this.#pending ??= [];
    this.#pending.push(frame);
  }

  #take(characters: number, longest: number): boolean {
    if (longest > bounds.length || this.#characters + characters > bounds.characters) return false;
    this.#characters += characters;
    return true;
  }
}

/** What the peer has defined. */
export class ReceivedDefinitions {
  /** From 1 on, as they are numbered. */
  names: readonly string[] = NO_NAMES;
  shapes: readonly ReceivedShape[] = NO_SHAPES;
  #characters = 0;

  addName(name: string): void {
    if (this.names.length > bounds.names) throw tooMany("names");
    this.#take(name);
    this.names = grown(this.names, internalized(name));
  }

  addShape(keys: readonly string[]): void {
    if (this.shapes.length >= bounds.shapes) throw tooMany("shapes");
    if (keys.length > bounds.keys) throw tooMany("keys of a shape");
    for (const key of keys) this.#take(key);
    this.shapes = grown(this.shapes, new ReceivedShape(keys.map(internalized)));
  }

  #take(text: string): void {
    this.#characters += text.length;
    if (text.length > bounds.length || this.#characters > bounds.characters) throw tooMany("characters");
  }
}

const NO_NAMES: readonly string[] = [""];
const NO_SHAPES: readonly ReceivedShape[] = [];

/** So many entries get no room for more: most connections know a few names. */
const FEW = 8;

function grown<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length < FEW) return list.concat([one]);
  (list as T[]).push(one); // its own since it had the first
  return list;
}

/** How often objects of a shape come before it is worth a builder: there are few. */
const OFTEN = 32;

export class ReceivedShape {
  readonly keys: readonly string[];
  /** Whether a key must be defined and not assigned. */
  readonly hostile: boolean;
  builder: Builder | undefined;
  #met = 0;

  constructor(keys: readonly string[]) {
    this.keys = keys;
    this.hostile = keys.includes("__proto__");
  }

  /** An object of the shape comes, and there is no builder yet. */
  met(): void {
    if (++this.#met === OFTEN && this.keys.length > 0) this.builder = builderOf(this.keys);
  }
}

/** The same text as engines keep it for names of properties: access by it needs no look-up of the text. */
function internalized(key: string): string {
  return Object.keys({ [key]: 0 })[0] as string;
}

function tooMany(what: string): LimitExceeded {
  return new LimitExceeded("definitions", `the peer defines more ${what} than the protocol allows`);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
