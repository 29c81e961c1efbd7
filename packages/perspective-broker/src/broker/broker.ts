// One conversation between two sides that are equal: it calls the peer's objects and answers for its own. A state machine:
// bytes and time in, bytes and settled promises out. It does not know which dialect it speaks, nor over what.

import { platform } from "#platform";
import {
  CallAborted,
  type CloseCode,
  type CloseReason,
  ConnectionLost,
  DeadReferenceError,
  type Executed,
  JellyError,
  LimitExceeded,
  PerspectiveBrokerError,
} from "../errors.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import { Deadlines } from "../platform/deadlines.ts";
import type { Conversation, Target } from "../references/conversation.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import { pending, type RemoteResult } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import type { ClassPolicy, Codec, Dialect, ObjectTables, ValueOptions } from "../wire/dialect.ts";
import type { MessageHandler, ObjectId, RequestId } from "../wire/message.ts";
import type { Outbox } from "../wire/outbox.ts";
import { OutgoingCall } from "./calls.ts";
import type { CallConnection, CallStore } from "./current-call.ts";
import { Dispatcher } from "./dispatch.ts";
import { Exports } from "./exports.ts";
import { Import, Imports } from "./imports.ts";
import type { Log } from "./log.ts";

/** What a broker asks of the connection that it is part of. */
export interface BrokerSetup {
  readonly outbox: Outbox;
  readonly output: BrokerOutput;
  readonly limits: Limits;
  readonly values: ValueOptions;
  readonly classes: ClassPolicy;
  readonly store: CallStore;
  readonly connection: CallConnection;
  readonly log: Log;
  readonly clock: Clock;
  /** The peer broke a rule, or a bound was passed. */
  readonly fail: (reason: CloseReason) => void;
  /** Stops and goes on with `receive`. */
  readonly reading: (on: boolean) => void;
}

/** Where encoded bytes go. */
export interface BrokerOutput {
  readonly congested: boolean;
  readonly unsent: number;
  readonly sent: number;
  written(): void;
}

/** What the tables hold, for people and for tests. */
export interface Inspection {
  /** Own objects that the peer holds references to. */
  readonly exports: readonly { id: number; class: string; count: number }[];
  readonly names: readonly string[];
  /** Objects of the peer that are held here. */
  readonly imports: readonly { id: number; receipts: number }[];
  /** Our calls that are not answered yet. */
  readonly awaited: number;
  /** The peer's calls that run, and those that wait for their turn. */
  readonly running: number;
  readonly waiting: number;
  /** Bytes that were encoded and that the platform has not taken yet. */
  readonly unsentBytes: number;
}

export class Broker implements Conversation, ObjectTables, MessageHandler {
  readonly #setup: BrokerSetup;
  readonly #codec: Codec;
  readonly #exports: Exports;
  readonly #imports: Imports;
  readonly #dispatcher: Dispatcher;
  readonly #deadlines: Deadlines;
  readonly #awaited = new Map<number, OutgoingCall>();
  readonly #byName = new Map<string, RemoteReference>();
  readonly #listeners = new Set<{ fn: (reason: CloseReason) => void }>();
  #lastRequest = 0;
  #lost: CloseReason | undefined;
  #yielded = false;
  #stalled = false;

  constructor(dialect: Dialect, setup: BrokerSetup) {
    this.#setup = setup;
    const { limits, classes, values, outbox, clock, log, store, connection } = setup;
    this.#codec = dialect.open({ outbox, limits, classes, values, tables: this, handler: this });
    this.#exports = new Exports(limits.references, () => this.#tooManyReferences());
    this.#imports = new Imports(this, limits.imports, (id) => {
      this.#codec.sendRelease(id);
      this.#written();
    });
    const { codec, exports, imports } = { codec: this.#codec, exports: this.#exports, imports: this.#imports };
    const written = () => this.#written();
    const failed = (error: unknown) => setup.fail(this.#reasonFor(error));
    this.#dispatcher = new Dispatcher({ codec, exports, imports, limits, store, connection, log, written, failed });
    this.#deadlines = Deadlines.of(clock);
  }

  /** Says what the dialect has to say first. */
  begin(): void {
    this.#codec.hello();
    this.#written();
  }

  /** The peer's object of that name; asks nothing and counts nothing (spec §5.2). */
  named(name: string): RemoteReference {
    let reference = this.#byName.get(name);
    if (reference === undefined) {
      reference = new RemoteReference({ conversation: this, id: name, receipts: 0 } satisfies Target);
      this.#byName.set(name, reference);
    }
    return reference;
  }

  /** Lets the peer call an object by name. */
  publish(name: string, object: Referenceable): () => void {
    return this.#exports.name(name, object);
  }

  receive(chunk: Uint8Array): void {
    this.#codec.receive(chunk);
    if (!this.#yielded) this.#handle();
  }

  /** The transport has room again. */
  drained(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#setReading();
  }

  /**
   * Everything ends, in Twisted's order (spec §5.10): no more calls; the waiting ones fail; those who asked are told; the
   * tables are dropped. `dropped` tells that what was not sent will not be sent any more.
   */
  end(reason: CloseReason, dropped: boolean): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    const awaited = [...this.#awaited.values()];
    const sent = dropped ? this.#setup.output.sent : Number.POSITIVE_INFINITY;
    this.#awaited.clear();
    for (const call of awaited) {
      call.settled();
      if (!call.abandoned) call.reject(new ConnectionLost(reason, call.position >= sent ? "no" : "unknown"));
    }
    this.#dispatcher.end(new ConnectionLost(reason, "unknown"));
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const { fn } of listeners) {
      try {
        fn(reason);
      } catch (error) {
        this.#setup.log({ level: "error", message: "a disconnect listener failed", error });
      }
    }
    this.#exports.clear();
    this.#imports.clear();
  }

  inspect(): Inspection {
    return {
      exports: [...this.#exports.entries()].map(({ id, object, count }) => ({
        id,
        count,
        class: object.constructor.name,
      })),
      names: this.#exports.names(),
      imports: [...this.#imports.entries()].map(({ id, receipts }) => ({ id, receipts })),
      awaited: this.#awaited.size,
      running: this.#dispatcher.queue.running,
      waiting: this.#dispatcher.queue.waiting,
      unsentBytes: this.#setup.output.unsent,
    };
  }

  // ---- Conversation: our calls

  call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown> {
    const problem = this.#problem(target, method, options);
    if (problem !== undefined) return rejected(problem);
    const { outbox } = this.#setup;
    const position = outbox.total;
    const id = ++this.#lastRequest;
    let exported: number[] | undefined;
    try {
      exported = this.#send(id, target, method, args, true);
    } catch (error) {
      return rejected(error);
    }
    const call = new OutgoingCall(method, position, exported);
    this.#awaited.set(id, call);
    if (exported !== undefined) this.#exports.pin(exported);
    if (options !== undefined && (options.signal !== undefined || options.timeout !== undefined)) {
      const executed = (): Executed => (this.#setup.output.sent <= position ? "no" : "unknown");
      call.limit(options, this.#deadlines, executed);
    }
    if (this.#stalled) this.drained();
    this.#written();
    return call.result;
  }

  callOnly(target: Target, method: string, args: unknown[]): void {
    const problem = this.#problem(target, method, undefined);
    try {
      if (problem !== undefined) throw problem;
      this.#send(++this.#lastRequest, target, method, args, false);
      this.#written();
    } catch (error) {
      this.#setup.log({
        level: "warn",
        message: `the call of ${String(method)} without an answer was not sent`,
        error,
      });
    }
  }

  release(target: Target, receipts: number): void {
    if (this.#lost === undefined && target instanceof Import) this.#imports.release(target, receipts);
  }

  onDisconnect(fn: (reason: CloseReason) => void): Disposable {
    const listener = { fn };
    if (this.#lost === undefined) this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  // ---- ObjectTables: objects in values

  exportObject(object: object): number {
    return this.#exports.give(object as Referenceable);
  }

  unexport(id: number): void {
    this.#exports.takeBack(id);
  }

  homeId(reference: RemoteReference): ObjectId | undefined {
    const target = targetOf(reference);
    if (target.conversation !== this) return undefined;
    // One that was given back during the call that brought it is only told to the peer after that call's answer.
    const held = target.receipts > 0 || (target instanceof Import && target.holds > 0);
    return held || typeof target.id === "string" ? target.id : undefined;
  }

  importReference(id: number): RemoteReference {
    return this.#imports.receive(id);
  }

  localObject(id: ObjectId): object {
    const object = this.#exports.find(id);
    if (object !== undefined) return object;
    this.#exports.checkGiven(id);
    throw new JellyError("an object was sent home that is not there any more");
  }

  // ---- MessageHandler: the peer's messages

  called(
    id: RequestId,
    target: ObjectId,
    method: string,
    wantsAnswer: boolean,
    args: unknown[],
    keywords: Keywords | undefined,
    received: RemoteReference[] | undefined,
    bytes: number,
  ): void {
    this.#dispatcher.dispatch({ id, target, method, wantsAnswer, args, keywords, received, bytes });
  }

  unreadable(id: RequestId, _target: ObjectId, method: string, wantsAnswer: boolean, error: unknown): void {
    this.#dispatcher.refuse({ id, method, wantsAnswer }, error);
    this.#written(); // the releases of what came with it
  }

  answered(id: number, value: unknown, received: RemoteReference[] | undefined): void {
    const call = this.#settle(id);
    if (!call.abandoned) call.resolve(value);
    else for (const reference of received ?? []) reference.release();
  }

  failed(id: number, error: unknown, received: RemoteReference[] | undefined): void {
    const call = this.#settle(id);
    if (!call.abandoned) call.reject(error);
    else for (const reference of received ?? []) reference.release();
    this.#written(); // the releases of an answer that could not be decoded
  }

  released(id: ObjectId): void {
    this.#exports.takeBack(id);
  }

  expected(id: number): boolean {
    return this.#awaited.has(id);
  }

  notUnderstood(command: string): void {
    this.#setup.log({ level: "warn", message: `the peer does not understand ${command}` });
  }

  #settle(id: number): OutgoingCall {
    const call = this.#awaited.get(id) as OutgoingCall;
    this.#awaited.delete(id);
    call.settled();
    if (call.exported !== undefined) this.#exports.unpin(call.exported);
    return call;
  }

  #problem(target: Target, method: string, options: CallOptions | undefined): Error | undefined {
    if (this.#lost !== undefined) return new DeadReferenceError(`the connection has ended: ${this.#lost.message}`);
    if (target.receipts === 0 && typeof target.id === "number") {
      return new DeadReferenceError("the reference was given back already (await a result to keep what it refers to)");
    }
    if (typeof method !== "string") return new TypeError("the name of a method must be a string");
    if (options?.signal?.aborted) return new CallAborted(options.signal.reason, "no");
    const { outputBytes } = this.#setup.limits;
    if (this.#setup.output.unsent <= outputBytes) return undefined;
    return new LimitExceeded("outputBytes", `more than limits.outputBytes (${outputBytes}) wait to be sent`);
  }

  #send(id: number, target: Target, method: string, args: unknown[], wantsAnswer: boolean): number[] | undefined {
    const last = args[args.length - 1];
    try {
      if (last instanceof Keywords) {
        return this.#codec.sendCall(id, target.id, method, args.slice(0, -1), last, wantsAnswer);
      }
      return this.#codec.sendCall(id, target.id, method, args, undefined, wantsAnswer);
    } catch (error) {
      // A call that was not sent leaves its number to the next one, unless there was one meanwhile.
      if (this.#lastRequest === id) this.#lastRequest--;
      throw error;
    }
  }

  /** Handles what has come, but no more than a turn's share of it: others want their turn, too. */
  #handle(): void {
    const { limits, clock } = this.#setup;
    const start = clock.now();
    try {
      for (let n = 1; this.#lost === undefined && this.#codec.next(); n++) {
        if (n < limits.turnCalls && (n % 16 !== 0 || clock.now() - start < limits.turnMilliseconds)) continue;
        this.#yielded = true;
        this.#setReading();
        platform.yieldTurn(() => {
          this.#yielded = false;
          this.#setReading();
          this.#handle();
        });
        return;
      }
    } catch (error) {
      this.#setup.fail(this.#reasonFor(error));
    }
  }

  #reasonFor(error: unknown): CloseReason {
    if (error instanceof PerspectiveBrokerError)
      return { code: error.code as CloseCode, message: error.message, error };
    this.#setup.log({ level: "error", message: "an error inside of the library", error });
    return { code: "INTERNAL_ERROR", message: String(error), ...(error instanceof Error ? { error } : {}) };
  }

  #written(): void {
    const { output, limits } = this.#setup;
    output.written();
    if (!output.congested) return;
    const { unsent } = output;
    if (unsent > limits.outputBytes * 2) {
      const message = `the peer does not read: more than twice limits.outputBytes (${limits.outputBytes}) wait to be sent`;
      this.#setup.fail({ code: "LIMIT_EXCEEDED", message, error: new LimitExceeded("outputBytes", message) });
    } else if (!this.#stalled && this.#awaited.size === 0 && unsent > limits.outputBytes / 4) {
      // Nothing of the peer is awaited, so nobody can be waiting for us to read: let it wait until it has read our answers.
      this.#stalled = true;
      this.#setReading();
    }
  }

  #setReading(): void {
    this.#setup.reading(!this.#yielded && !this.#stalled);
  }

  #tooManyReferences(): void {
    const message = "the peer asked for more references than limits.references admits, again and again";
    // After the answer that says so.
    platform.endOfTurn(() => this.#setup.fail({ code: "LIMIT_EXCEEDED", message }));
  }
}

function rejected(error: unknown): RemoteResult<unknown> {
  const { result, reject } = pending<unknown>();
  reject(error);
  return result;
}
