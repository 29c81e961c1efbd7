// The broker's messages in Banana (spec §4): exact operand counts, one jelly run for the arguments and one for the keywords.
// Everything that a peer must not do ends as a ProtocolError here; everything that concerns one value ends with its call.
import { JellyError, ProtocolError } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import { cacheTarget } from "../../references/remote-cache.ts";
import { targetOf } from "../../references/remote-reference.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { ClassPolicy, Codec, CodecSetup, ObjectTables, ValueOptions } from "../dialect.ts";
import { BYTES_KIND, FLOAT_KIND, INTEGER_KIND, LIST_KIND } from "../jelly/element-reader.ts";
import { COPYABLE_FAILURE, errorFrom, failureState } from "../jelly/failure.ts";
import { forms } from "../jelly/forms.ts";
import { type Cargo, Jellier } from "../jelly/jelly.ts";
import { Unjellier } from "../jelly/unjelly.ts";
import { type Destinee, type MessageHandler, type ObjectId, type RequestId, Wants } from "../message.ts";
import { Inbox } from "./inbox.ts";
import { BananaReader } from "./reader.ts";
import { receiptsIn } from "./receipts.ts";
import { BananaWriter } from "./writer.ts";

/** The version of the protocol since 2002 (spec §4.1). */
const VERSION = 6;

export class BananaCodec implements Codec {
  readonly more = undefined;
  readonly #handler: MessageHandler;
  readonly #tables: ObjectTables;
  readonly #classes: ClassPolicy;
  readonly #options: ValueOptions;
  readonly #limits: Limits;
  readonly #writer: BananaWriter;
  readonly #jellier: Jellier;
  readonly #inbox: Inbox;
  readonly #reader: BananaReader;
  readonly #unjellier: Unjellier;

  constructor(setup: CodecSetup, vocabulary: boolean) {
    const { handler, tables, classes, values, limits, outbox } = setup;
    this.#handler = handler;
    this.#tables = tables;
    this.#classes = classes;
    this.#options = values;
    this.#limits = limits;
    this.#writer = new BananaWriter(outbox, limits, vocabulary);
    this.#jellier = new Jellier(this.#writer, tables, classes, values, limits.depth);
    this.#inbox = new Inbox(limits, vocabulary);
    this.#reader = new BananaReader();
    this.#unjellier = new Unjellier(this.#reader, tables, classes, values, limits.depth);
  }

  hello(): void {
    this.#message(() => {
      this.#writer.form(forms.version, 2);
      this.#writer.integer(VERSION);
    });
  }

  sendCall(
    to: Destinee,
    id: number,
    target: ObjectId,
    method: string,
    args: readonly unknown[],
    keywords: Keywords | undefined,
    wants: number,
    perspective: object | null,
  ): number[] | undefined {
    const wantsAnswer = wants !== Wants.nothing;
    const writer = this.#writer;
    const jellier = this.#jellier;
    const outer = jellier.enter(perspective);
    writer.begin();
    try {
      writer.form(to === "object" ? forms.message : forms.cachemessage, 7);
      writer.integer(id);
      this.#objectId(target);
      writer.text(method);
      writer.integer(wantsAnswer ? 1 : 0);
      // An argument belongs to the library until its call is answered; what is never answered is copied.
      writer.byReference = wantsAnswer;
      jellier.positional(args);
      jellier.keywords(keywords);
      writer.commit();
    } catch (error) {
      this.#undo(outer);
      throw error;
    }
    return this.#sent(outer);
  }

  sendAnswer(id: RequestId, value: unknown, perspective: object | null): void {
    const writer = this.#writer;
    const jellier = this.#jellier;
    const outer = jellier.enter(perspective);
    writer.begin();
    try {
      writer.form(forms.answer, 3);
      this.#requestId(id);
      jellier.single(value);
      writer.commit();
    } catch (error) {
      this.#undo(outer);
      throw error;
    }
    this.#sent(outer);
  }

  sendError(id: RequestId, error: unknown, later: boolean): void {
    this.#message(() => {
      this.#writer.form(forms.error, 3);
      this.#requestId(id);
      const known = error instanceof Error ? this.#classes.encodeThrown(error) : undefined;
      if (known !== undefined) {
        this.#jellier.tagged(known);
        return;
      }
      const registered = error instanceof Error ? this.#classes.tagOf(error.constructor) : undefined;
      const state = failureState(error, later, this.#options.unsafeTracebacks, registered);
      this.#jellier.tagged({ tag: COPYABLE_FAILURE, state });
    });
  }

  sendRelease(id: number): void {
    this.#number(forms.decref, id);
  }

  sendDecache(id: number): void {
    this.#number(forms.decache, id);
  }

  sendUncache(id: number): void {
    this.#number(forms.uncache, id);
  }

  receive(chunk: Uint8Array): void {
    this.#inbox.receive(chunk);
  }

  next(): boolean {
    const inbox = this.#inbox;
    if (!inbox.next()) return false;
    const reader = this.#reader;
    reader.read(inbox.buffer, inbox.start);
    this.#unjellier.perspective = null;
    this.#dispatch(inbox.end - inbox.start);
    this.#unjellier.received = this.#unjellier.caches = undefined; // or what was forgotten would live until the next message
    return true;
  }

  #dispatch(bytes: number): void {
    const reader = this.#reader;
    if (reader.next() !== LIST_KIND) throw new ProtocolError("a message must be a list");
    const operands = reader.count() - 1;
    if (operands < 0 || reader.next() !== BYTES_KIND) throw new ProtocolError("a message must begin with its name");
    const command = this.#name();
    switch (command) {
      case "answer":
        expectOperands(command, operands, 2);
        this.#answer();
        return;
      case "message":
        expectOperands(command, operands, 6);
        this.#call("object", bytes);
        return;
      case "cachemessage":
        expectOperands(command, operands, 6);
        this.#call("cache", bytes);
        return;
      case "decref":
        expectOperands(command, operands, 1);
        this.#handler.released(this.#readObjectId(command));
        return;
      case "decache":
        expectOperands(command, operands, 1);
        this.#handler.decached(this.#readNumericId(command));
        return;
      case "uncache":
        expectOperands(command, operands, 1);
        this.#handler.uncached(this.#readNumericId(command));
        return;
      case "error":
        expectOperands(command, operands, 2);
        this.#failure();
        return;
      case "version":
        expectOperands(command, operands, 1);
        if (reader.next() !== INTEGER_KIND || reader.integer() !== VERSION) {
          throw new ProtocolError(`the peer speaks another version than ${VERSION}`);
        }
        return;
      case "didNotUnderstand":
        expectOperands(command, operands, 1);
        // Only for the log, so it need not be UTF-8.
        this.#handler.notUnderstood(
          reader.next() === BYTES_KIND ? printable(new TextDecoder().decode(reader.bytes())) : "(no name)",
        );
        return;
      default:
        this.#didNotUnderstand(command);
        throw new ProtocolError(`there is no message ${printable(command)}`);
    }
  }

  #call(to: "object" | "cache", bytes: number): void {
    const reader = this.#reader;
    const unjellier = this.#unjellier;
    const id = this.#readRequestId();
    const target = this.#readTarget();
    if (reader.next() !== BYTES_KIND) throw new ProtocolError("the name of a method must be a byte string");
    const method = this.#name();
    const wantsAnswer = this.#readFlag();
    const start = reader.at;
    unjellier.perspective = to === "object" ? this.#tables.perspectiveOf(target) : null;
    let args: unknown[];
    let keywords: Keywords | undefined;
    try {
      args = unjellier.positional();
      keywords = unjellier.keywords();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#giveBack(start, 2);
      this.#handler.unreadable(id, target, method, wantsAnswer ? Wants.answer : Wants.nothing, error);
      return;
    }
    const { received, caches } = unjellier;
    const handler = this.#handler;
    const keep = false;
    const envelope = undefined;
    const late = undefined;
    handler.called({
      to,
      id,
      target,
      method,
      wantsAnswer,
      keep,
      envelope,
      late,
      args,
      keywords,
      received,
      caches,
      bytes,
    });
  }

  #answer(): void {
    const id = this.#readAnswerId("answer");
    const start = this.#reader.at;
    let value: unknown;
    try {
      value = this.#unjellier.single();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // Better than Twisted, which drops the connection and never settles the call (spec §4.4, §12).
      this.#giveBack(start, 1);
      this.#handler.failed(id, error, undefined, undefined);
      return;
    }
    this.#handler.answered(id, value, this.#unjellier.received, this.#unjellier.caches);
  }

  #failure(): void {
    const id = this.#readAnswerId("error");
    const start = this.#reader.at;
    let error: unknown;
    try {
      error = errorFrom(this.#unjellier.single());
    } catch (unreadable) {
      if (unreadable instanceof ProtocolError) throw unreadable;
      this.#giveBack(start, 1);
      error = unreadable;
    }
    this.#handler.failed(id, error, this.#unjellier.received, this.#unjellier.caches);
  }

  /**
   * Gives back every receipt of a message whose last `values` values, from `start` on, could not be decoded: those that were
   * decoded and those that were not reached, as the peer has counted them all.
   */
  #giveBack(start: number, values: number): void {
    this.#reader.at = start;
    const { received = [], caches = [] } = this.#unjellier;
    this.#unjellier.received = this.#unjellier.caches = undefined;
    // By the ids that they came with: a copy's class may have given some of them back already.
    const decoded = received.map((reference) => targetOf(reference).id);
    const copies = caches.map((cache) => cacheTarget(cache)?.id);
    for (const reference of received) reference.release();
    for (const cache of caches) this.#tables.giveBackCache(cache);
    const counted = receiptsIn(this.#reader, values, this.#limits.depth);
    for (const id of without(counted.objects, decoded)) this.sendRelease(id);
    for (const id of without(counted.caches, copies)) this.#tables.refuseCache(id);
  }

  #readAnswerId(command: string): number {
    const reader = this.#reader;
    const id = reader.next() === INTEGER_KIND ? reader.integer() : undefined;
    if (typeof id !== "number" || !this.#handler.expected(id)) {
      throw new ProtocolError(`${command} to a call that was never made, or was answered already`);
    }
    return id;
  }

  #readRequestId(): RequestId {
    switch (this.#reader.next()) {
      case INTEGER_KIND:
        return this.#reader.integer();
      case BYTES_KIND:
        return this.#reader.bytes().slice();
      default:
        throw new ProtocolError("the id of a request must be an integer or a byte string");
    }
  }

  #readNumericId(what: string): number {
    const id = this.#readTarget();
    if (typeof id !== "number" || !(id >= 0)) throw new ProtocolError(`${what} of something that is no id`);
    return id;
  }

  #readObjectId(what: string): ObjectId {
    const id = this.#readTarget();
    if (Number.isNaN(id)) throw new ProtocolError(`${what} of something that is no object id`);
    return id;
  }

  /** An id or a name; NaN, under which there is nothing, for anything else. Ids that are not safe were never given out. */
  #readTarget(): ObjectId {
    const reader = this.#reader;
    switch (reader.next()) {
      case INTEGER_KIND:
        return Number(reader.integer());
      case BYTES_KIND:
        return this.#name();
      case LIST_KIND:
        reader.skip(reader.count());
        return Number.NaN;
      default:
        reader.float();
        return Number.NaN;
    }
  }

  /** Only its truth value counts, as Python understands it (spec §4.3). */
  #readFlag(): boolean {
    const reader = this.#reader;
    switch (reader.next()) {
      case INTEGER_KIND:
        return Number(reader.integer()) !== 0;
      case BYTES_KIND:
        return reader.bytes().length > 0;
      case FLOAT_KIND:
        return reader.float() !== 0;
      default: {
        const count = reader.count();
        reader.skip(count);
        return count > 0;
      }
    }
  }

  /** Names that are not UTF-8 end the connection (spec §4.2, §4.3). */
  #name(): string {
    try {
      return this.#reader.name();
    } catch (error) {
      if (error instanceof JellyError) throw new ProtocolError("a name that is not UTF-8", { cause: error });
      throw error;
    }
  }

  #didNotUnderstand(command: string): void {
    if (command.length > this.#limits.string) return;
    this.#message(() => {
      this.#writer.form(forms.didNotUnderstand, 2);
      this.#writer.text(command);
    });
  }

  #objectId(target: ObjectId): void {
    if (typeof target === "number") this.#writer.integer(target);
    else this.#writer.text(target);
  }

  #requestId(id: RequestId): void {
    if (typeof id === "number") this.#writer.integer(id);
    else if (typeof id === "bigint") this.#writer.bigint(id);
    else this.#writer.bytes(id);
  }

  /** A message that is only a number. */
  #number(form: number, id: number): void {
    const writer = this.#writer;
    writer.begin();
    writer.form(form, 2);
    writer.integer(id);
    writer.commit();
  }

  /** Writes a whole message or nothing. */
  #message(write: () => void): void {
    const outer = this.#jellier.enter(null);
    this.#writer.begin();
    try {
      write();
      this.#writer.commit();
    } catch (error) {
      this.#undo(outer);
      throw error;
    }
    this.#sent(outer);
  }

  #sent(outer: Cargo): number[] | undefined {
    const { exported, caches } = this.#jellier.cargo;
    this.#jellier.leave(outer);
    if (caches === undefined) return exported;
    this.#tables.cachesSent(caches);
    return exported === undefined ? caches : [...exported, ...caches];
  }

  #undo(outer: Cargo): void {
    this.#writer.rollback();
    const { exported, caches } = this.#jellier.cargo;
    this.#jellier.leave(outer);
    for (const id of exported ?? []) this.#tables.unexport(id);
    for (const id of caches ?? []) this.#tables.unexportCache(id);
  }
}

function expectOperands(command: string, operands: number, expected: number): void {
  if (operands !== expected) throw new ProtocolError(`${command} takes ${expected} operands, not ${operands}`);
}

/** What is left of `all` when each of `some` has taken one like it out. */
function without(all: readonly number[], some: readonly unknown[]): number[] {
  const taken = new Map<unknown, number>();
  for (const id of some) taken.set(id, (taken.get(id) ?? 0) + 1);
  return all.filter((id) => {
    const left = taken.get(id) ?? 0;
    if (left > 0) taken.set(id, left - 1);
    return left === 0;
  });
}

/** A peer's text, fit for a log line. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be kept out
  return JSON.stringify(text.slice(0, 80).replace(/[\u0000-\u001f\u007f-\u009f]/g, "?"));
}
