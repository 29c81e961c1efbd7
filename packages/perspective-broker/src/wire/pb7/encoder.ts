// The sender's half of pb7's values: frames, one after the other or one within another, that go out whole or not at all, with
// what is defined for them before them. What stands in them is written by value-writer.ts.
import type { Limits } from "../../limits.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import type { Outbox } from "../outbox.ts";
import { SentDefinitions } from "./definitions.ts";
import { writeFailure } from "./failures.ts";
import { flags } from "./tags.ts";
import { type Cargo, type Surroundings, ValueWriter } from "./value-writer.ts";
import { FrameWriter } from "./writer.ts";

export type { Cargo } from "./value-writer.ts";

export interface EncoderSetup {
  readonly outbox: Outbox;
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: Limits;
}

export class Encoder {
  #peerBytes = 0;
  readonly #outbox: Outbox;
  readonly #tables: ObjectTables;
  readonly #out: FrameWriter;
  readonly #definitions: SentDefinitions = new SentDefinitions();
  readonly #surroundings: Surroundings;
  // One for each frame that is open at the same time: almost always one.
  readonly #frames: ValueWriter[];
  #values: ValueWriter;
  #open = 0;
  readonly #flagged: boolean[] = [];
  #transfers = 0;
  readonly #next = (): number => ++this.#transfers;

  constructor({ outbox, tables, classes, values, limits }: EncoderSetup) {
    this.#outbox = outbox;
    this.#tables = tables;
    this.#out = new FrameWriter(limits);
    const definitions = this.#definitions;
    this.#surroundings = { out: this.#out, definitions, tables, classes, options: values, maxDepth: limits.depth };
    this.#values = new ValueWriter(this.#surroundings);
    this.#frames = [this.#values];
  }

  /** Where the frames are written. */
  get out(): FrameWriter {
    return this.#out;
  }

  /** The largest body that the peer reads. */
  get peerMessage(): number {
    return this.#out.peerMessage;
  }

  set peerMessage(bytes: number) {
    this.#out.peerMessage = bytes;
  }

  /** Whether byte strings of the frame belong to the library until the call is answered: then they are not copied. */
  get byReference(): boolean {
    return this.#values.leaves.byReference;
  }

  set byReference(byReference: boolean) {
    this.#values.leaves.byReference = byReference;
  }

  /** Bytes that the peer takes in pieces, from the frame on that has begun: 0 until it has said so. */
  set peerBytes(bytes: number) {
    this.#peerBytes = bytes;
    this.#values.leaves.peerBytes = bytes;
  }

  /** Begins a frame. User code that runs while it is written can begin another one on the same connection. */
  begin(type: number, flagsByte: number | undefined, perspective: object | null): void {
    const level = this.#open++;
    this.#frames[level] ??= new ValueWriter(this.#surroundings);
    this.#values = this.#frames[level];
    this.#flagged[level] = flagsByte !== undefined;
    this.#values.begin(perspective);
    this.#values.leaves.peerBytes = this.#peerBytes;
    this.#out.begin(type);
    if (flagsByte !== undefined) this.#out.byte(flagsByte);
  }

  /**
   * Ends the frame: it and what was defined for it are in the outbox. Throws LimitExceeded if it is too large, and it stays open.
   */
  commit(into?: Outbox): Cargo {
    const out = this.#out;
    const values = this.#values;
    const { cargo } = values;
    const transfers = values.leaves.place(this.#next);
    if (transfers !== undefined) {
      cargo.transfers = transfers;
      values.marks |= flags.late;
    }
    if (values.marks !== 0 && this.#flagged[this.#open - 1]) out.mark(values.marks);
    out.seal();
    if (this.#definitions.pending.length > 0) this.#definitions.putInto(this.#outbox);
    const outbox = into ?? this.#outbox;
    outbox.frame = outbox.total;
    out.end(outbox);
    this.#close(true);
    if (cargo.caches !== undefined) this.#tables.cachesSent(cargo.caches);
    return cargo;
  }

  /** Ends the frame without a trace. What was defined for it is sent with the next one. */
  rollback(): void {
    const { exported, caches, streams } = this.#values.cargo;
    this.#out.rollback();
    this.#close(false);
    for (const id of exported ?? []) this.#tables.unexport(id);
    for (const id of caches ?? []) this.#tables.unexportCache(id);
    for (const id of streams ?? []) this.#tables.unexportStream(id);
  }

  byte(value: number): void {
    this.#out.byte(value);
  }

  varint(value: number): void {
    this.#out.varint(value);
  }

  string(text: string): void {
    this.#out.string(text);
  }

  /** A name of the protocol: by its number. */
  name(name: string): void {
    this.#definitions.writeName(this.#out, name);
  }

  /** One value; `step` leads to it in errors. */
  value(value: unknown, step?: string | number): void {
    const values = this.#values;
    try {
      values.value(value, step);
    } catch (error) {
      throw values.located(error);
    }
  }

  /** The arguments of a call. Trailing undefined arguments are left out. */
  positional(args: readonly unknown[]): void {
    let count = args.length;
    while (count > 0 && args[count - 1] === undefined) count--;
    const values = this.#values;
    try {
      this.#out.varint(count);
      values.list(args, count);
    } catch (error) {
      throw values.located(error);
    }
  }

  keywords(keywords: Keywords): void {
    const values = this.#values;
    try {
      this.#out.varint(keywords.size);
      for (const [name, value] of keywords) {
        this.#out.string(name);
        values.value(value, name);
      }
    } catch (error) {
      throw values.located(error);
    }
  }

  /** An error: as an instance if its class says so, else what travels of every error. */
  failure(error: unknown, _later: boolean): void {
    const values = this.#values;
    try {
      values.start(undefined);
      writeFailure(values, error);
    } catch (problem) {
      throw values.located(problem);
    }
  }

  #close(complete: boolean): void {
    this.#values.end(complete);
    this.#open--;
    if (this.#open > 0) this.#values = this.#frames[this.#open - 1] as ValueWriter;
  }
}
