// The sender's half of pb7's values: frames, one after the other or one within another, that go out whole or not at all, with
// what is defined for them before them. What stands in them is written by value-writer.ts.
import type { Limits } from "../../limits.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { ClassPolicy, ObjectTables, ValueOptions } from "../dialect.ts";
import type { Outbox } from "../outbox.ts";
import { SentDefinitions } from "./definitions.ts";
import { writeFailure } from "./failures.ts";
import { flags, LARGEST_BODY } from "./tags.ts";
import { type Cargo, ValueWriter } from "./value-writer.ts";
import { type FrameBounds, FrameWriter } from "./writer.ts";

export type { Cargo } from "./value-writer.ts";

export interface EncoderSetup {
  readonly outbox: Outbox;
  readonly tables: ObjectTables;
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: Limits;
}

export class Encoder implements FrameBounds {
  /** The largest body that the peer reads. */
  peerMessage: number = LARGEST_BODY;
  readonly #setup: EncoderSetup;
  readonly #out = FrameWriter.one;
  #definitions: SentDefinitions | undefined;
  // Of the frame that was begun last of those that are open.
  #values: ValueWriter | undefined;
  #peerBytes = 0;
  #transfers = 0;

  constructor(setup: EncoderSetup) {
    this.#setup = setup;
  }

  get limits(): Limits {
    return this.#setup.limits;
  }

  /** What this side has defined; who only answers with numbers defines nothing. */
  get definitions(): SentDefinitions {
    this.#definitions ??= new SentDefinitions();
    return this.#definitions;
  }

  /** Where the frames are written. */
  get out(): FrameWriter {
    return this.#out;
  }

  /** Whether byte strings of the frame belong to the library until the call is answered: then they are not copied. */
  set byReference(byReference: boolean) {
    this.#open.leaves.byReference = byReference;
  }

  /** Bytes that the peer takes in pieces, from the frame on that has begun: 0 until it has said so. */
  set peerBytes(bytes: number) {
    this.#peerBytes = bytes;
    if (this.#values !== undefined) this.#values.leaves.peerBytes = bytes;
  }

  /** The next of this side's transfers. */
  nextTransfer(): number {
    return ++this.#transfers;
  }

  /** Begins a frame. User code that runs while it is written can begin another one, on the same connection or another. */
  begin(type: number, flagsByte: number | undefined, perspective: object | null): void {
    const values = ValueWriter.begin(this.#setup, this, perspective);
    values.flagged = flagsByte !== undefined;
    values.leaves.peerBytes = this.#peerBytes;
    values.outer = this.#values;
    this.#values = values;
    this.#out.begin(type, this);
    if (flagsByte !== undefined) this.#out.byte(flagsByte);
  }

  /**
   * Ends the frame: it and what was defined for it are in the outbox. Throws LimitExceeded if it is too large, and it stays open.
   */
  commit(into?: Outbox): Cargo {
    const out = this.#out;
    const values = this.#open;
    const { cargo } = values;
    const transfers = values.leaves.place(this);
    if (transfers !== undefined) {
      cargo.transfers = transfers;
      values.marks |= flags.late;
    }
    if (values.marks !== 0 && values.flagged) out.mark(values.marks);
    out.seal();
    const own = this.#setup.outbox;
    this.#definitions?.putInto(own);
    const outbox = into ?? own;
    outbox.frame = outbox.total;
    out.end(outbox);
    this.#close(true);
    if (cargo.caches !== undefined) this.#setup.tables.cachesSent(cargo.caches);
    return cargo;
  }

  /** Ends the frame without a trace. What was defined for it is sent with the next one. */
  rollback(): void {
    const { exported, caches, streams } = this.#open.cargo;
    const { tables } = this.#setup;
    this.#out.rollback();
    this.#close(false);
    for (const id of exported ?? []) tables.unexport(id);
    for (const id of caches ?? []) tables.unexportCache(id);
    for (const id of streams ?? []) tables.unexportStream(id);
  }

  /** A whole frame of numbers. */
  numbers(type: number, into: Outbox | undefined, first: number, second?: number, third?: number): void {
    this.begin(type, undefined, null);
    try {
      this.#out.varint(first);
      if (second !== undefined) this.#out.varint(second);
      if (third !== undefined) this.#out.varint(third);
      this.commit(into);
    } catch (error) {
      this.rollback();
      throw error;
    }
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
    this.definitions.writeName(this.#out, name);
  }

  /** One value; `step` leads to it in errors. */
  value(value: unknown, step?: string | number): void {
    const values = this.#open;
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
    const values = this.#open;
    try {
      this.#out.varint(count);
      values.list(args, count);
    } catch (error) {
      throw values.located(error);
    }
  }

  keywords(keywords: Keywords): void {
    const values = this.#open;
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
    const values = this.#open;
    try {
      values.start(undefined);
      writeFailure(values, error);
    } catch (problem) {
      throw values.located(problem);
    }
  }

  get #open(): ValueWriter {
    return this.#values as ValueWriter;
  }

  #close(complete: boolean): void {
    const values = this.#open;
    this.#values = values.outer;
    values.end(complete);
  }
}
