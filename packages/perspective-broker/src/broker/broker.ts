// One conversation between two sides that are equal: it calls the peer's objects and answers for its own. A state machine:
// bytes and time in, bytes and settled promises out. It does not know which dialect it speaks, nor over what.

import { platform } from "#platform";
import {
  CallAborted,
  type CloseCode,
  type CloseReason,
  ConnectionLost,
  DeadReferenceError,
  LimitExceeded,
  NotAReference,
  PerspectiveBrokerError,
  RemoteError,
} from "../errors.ts";
import { processNumber } from "../flavors/chain.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import { LazyMap, LazySet } from "../platform/lazy.ts";
import type { Target } from "../references/conversation.ts";
import type { Observer } from "../references/observer.ts";
import type { CacheTarget, RemoteCache } from "../references/remote-cache.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import { pending, RemoteResult, rejected } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import type { ClassPolicy, Codec, Dialect, SessionHandler, ValueOptions } from "../wire/dialect.ts";
import type { IncomingCall, MessageHandler, ObjectId, PeerLimits, RequestId } from "../wire/message.ts";
import type { Outbox } from "../wire/outbox.ts";
import type { GivenCache } from "./caches-given.ts";
import type { OutgoingCall } from "./calls.ts";
import type { CallConnection, CallStore } from "./current-call.ts";
import { Dispatcher } from "./dispatch.ts";
import { showWhere } from "./failures.ts";
import { Import } from "./imports.ts";
import { type CallInterceptor, Interception, type Sending } from "./interceptors.ts";
import type { Log } from "./log.ts";
import { MoreReceived } from "./more-received.ts";
import { type Destination, Outgoing } from "./outgoing.ts";
import { Packing } from "./packing.ts";
import { Streams } from "./streams.ts";
import { Tables, type TablesConversation, type TablesInspection } from "./tables.ts";
import { Writers } from "./writers.ts";

/** What a broker asks of the connection that it is part of. */
export interface BrokerSetup {
  readonly outbox: Outbox;
  readonly output: BrokerOutput;
  readonly limits: Limits;
  readonly values: ValueOptions;
  readonly classes: ClassPolicy;
  readonly store: CallStore;
  /** What calls go through, the outermost first. */
  readonly interceptors: readonly CallInterceptor[];
  readonly connection: CallConnection;
  readonly log: Log;
  readonly clock: Clock;
  /** What a call does when `limits.outputBytes` wait to be sent. */
  readonly whenFull: "reject" | "wait";
  /** Milliseconds of silence after which this side asks for a sign of life; told to the peer. */
  readonly heartbeat: number;
  /** Told of what concerns the connection and not the conversation. */
  readonly session?: SessionHandler;
  /** The peer's hello has come, in a dialect that has one. */
  readonly greeted: (peer: PeerLimits) => void;
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
  /** A message was put into the outbox. */
  written(): void;
  /** A call is going to be put there; was; somebody wants its result. */
  calling(): void;
  called(): void;
  wanted(): void;
}

/** What the tables hold, for people and for tests. */
export interface Inspection extends TablesInspection {
  /** Our calls that are not answered yet. */
  readonly awaited: number;
  /** The peer's calls that run, and those that wait for their turn. */
  readonly running: number;
  readonly waiting: number;
  /** Our calls that wait here until the peer allows more. */
  readonly held: number;
  /** Results that are kept for calls through them. */
  readonly results: number;
  /** Streams that are open, of this side and of the peer. */
  readonly streams: { readonly given: number; readonly held: number };
  /** Bytes that were encoded and that the platform has not taken yet. */
  readonly unsentBytes: number;
}

export class Broker implements TablesConversation, MessageHandler {
  readonly #setup: BrokerSetup;
  readonly #codec: Codec;
  readonly #tables: Tables;
  readonly #outgoing: Outgoing;
  readonly #dispatcher: Dispatcher;
  // Those who send pieces and items, and those who make calls.
  readonly #writers: Writers;
  readonly #callers: Writers;
  readonly #packing: Packing;
  readonly #streams: Streams;
  readonly #interception: Interception | undefined;
  /** The messages that not every dialect has. */
  readonly more: MoreReceived;
  readonly #byName = new LazyMap<string, RemoteReference>();
  readonly #listeners = new LazySet<{ fn: (reason: CloseReason) => void }>();
  #lost: CloseReason | undefined;
  #yielded = false;
  // Pieces could be sent, and wait for room.
  #piecesWait = false;
  #stalled = false;

  constructor(dialect: Dialect, setup: BrokerSetup) {
    this.#setup = setup;
    const { limits, classes, values, outbox, clock, log, store, connection, interceptors } = setup;
    this.#interception = Interception.of({ interceptors, connection, clock, log });
    const interception = this.#interception;
    const written = () => this.#written();
    const sendRelease = (id: number) => this.#outgoing.inOrder((into) => this.#codec.sendRelease(id, into));
    const sendDecache = (id: number) => this.#outgoing.inOrder((into) => this.#codec.sendDecache(id, into));
    const full = () => this.#tooManyReferences();
    this.#tables = new Tables({
      ...{ conversation: this, limits, classes, log, sendRelease, sendDecache, full },
      freshCache: () => this.#outgoing.freshCache(),
      later: {
        pendingResult: (result) => this.#outgoing.use(result),
        keptResult: (id) => this.#keptResult(id),
        exportStream: (iterable, perspective) => this.#streams.give(iterable, perspective),
        unexportStream: (id) => this.#streams.takeBack(id),
        importStream: (id) => this.#streams.receive(id),
        giveBackStream: (stream) => Streams.giveBack(stream),
        refuseStream: (id) => this.#streams.refuse(id),
      },
    });
    const greeting = greetingOf(limits, setup.heartbeat);
    const { session } = setup;
    this.#codec = dialect.open({
      ...{ outbox, limits, classes, values, tables: this.#tables, handler: this, greeting, clock },
      ...(session && { session }),
    });
    const { exports, imports, held } = this.#tables;
    const codec = this.#codec;
    const { output } = setup;
    this.#outgoing = new Outgoing({
      ...{ codec, tables: this.#tables, limits, outbox, clock, log, written, interception },
      sent: () => output.sent,
      awaiting: () => this.#readAgain(),
      full: () => this.#full(),
      whenRoom: setup.whenFull === "wait" ? (fn) => this.whenWritable(fn) : undefined,
      calling: () => output.calling(),
      called: () => this.#called(),
      wanted: () => output.wanted(),
    });
    const failed = (error: unknown) => setup.fail(this.#reasonFor(error));
    const streams = new Streams({
      ...{ codec, limits, store, log, written, failed },
      congested: () => output.congested,
      // Not behind calls: what they wait for may be an item.
      whenWritable: (fn) => this.#writers.add(fn),
      receipts: {
        keep: (references) => imports.keep(references),
        deliver: (references) => imports.deliver(references),
        giveBack: (references, caches) => this.#giveBack(references, caches),
      },
    });
    this.#streams = streams;
    this.#dispatcher = new Dispatcher({
      ...{ codec, exports, imports, caches: held, streams, limits, store, connection, log, clock, written, failed },
      awaited: this.#outgoing,
      interception,
    });
    this.more = new MoreReceived({
      ...{ codec, outgoing: this.#outgoing, dispatcher: this.#dispatcher, streams: this.#streams, written },
      sendPieces: () => this.#sendPieces(),
      greeted: setup.greeted,
    });
    this.#writers = new Writers(setup.output);
    this.#callers = new Writers(this);
    this.#packing = new Packing(dialect, { limits, classes, values });
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
    return this.#tables.exports.name(name, object);
  }

  receive(chunk: Uint8Array): void {
    this.#codec.receive(chunk);
    if (!this.#yielded) this.#handle();
  }

  /** The transport has room again. */
  drained(): void {
    this.#writers.tell();
    this.#callers.tell();
    this.#readAgain();
  }

  /**
   * Everything ends, in Twisted's order (spec §5.10): no more calls; the waiting ones fail; those who asked are told; the
   * tables are dropped. `dropped` tells that what was not sent will not be sent any more.
   */
  end(reason: CloseReason, dropped: boolean): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#outgoing.end(reason, dropped);
    this.#dispatcher.end(new ConnectionLost(reason, "unknown"));
    this.#streams.end(reason);
    this.#tables.given.clear();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const { fn } of listeners) {
      try {
        fn(reason);
      } catch (error) {
        this.#setup.log({ level: "error", message: "a disconnect listener failed", error });
      }
    }
    this.#tables.clear();
    this.more.end(reason);
    this.#writers.end();
    this.#callers.end();
  }

  inspect(): Inspection {
    return {
      ...this.#tables.inspect(),
      awaited: this.#outgoing.awaited,
      running: this.#dispatcher.queue.running,
      waiting: this.#dispatcher.queue.waiting + this.#dispatcher.arrival.waiting + this.#dispatcher.lockWaits.waiting,
      held: this.#outgoing.gate.calls,
      results: this.#dispatcher.results.size,
      streams: this.#streams.inspect(),
      unsentBytes: this.#setup.output.unsent,
    };
  }

  // ---- Conversation: our calls

  call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown> {
    if (this.#interception?.active) {
      const sending = this.#sending(target, method, args, options);
      return this.#interception.callOut(sending, (given, more) => this.#call(target, method, given, more));
    }
    return this.#call(target, method, args, options);
  }

  callOnly(target: Target, method: string, args: unknown[], options: CallOptions | undefined): void {
    if (this.#interception?.active) {
      const sending = this.#sending(target, method, args, options);
      this.#interception.callOutOnly(sending, (given, more) => this.#callOnly(target, method, given, more));
    } else {
      this.#callOnly(target, method, args, options);
    }
  }

  post(target: Target, method: string, args: unknown[]): void {
    const problem = this.#problem(target, method, undefined);
    if (problem !== undefined) throw problem;
    this.#outgoing.post(destinationOf(target), method, args);
  }

  release(target: Target, receipts: number): void {
    if (this.#lost === undefined && target instanceof Import) this.#tables.imports.release(target, receipts);
  }

  // ---- ObserverConversation: messages to the copies of our Cacheables

  callObserver(observer: Observer, method: string, args: unknown[]): RemoteResult<unknown> {
    const given = this.#tables.given.of(observer);
    if (given === undefined) return rejected(new DeadReferenceError("the copy is gone"));
    if (given.early === undefined) return this.#outgoing.call(copyOf(given), method, args, undefined);
    const { result, resolve, reject } = pending<unknown>();
    given.early.push(() => this.callObserver(observer, method, args).then(resolve, reject));
    return result;
  }

  callObserverOnly(observer: Observer, method: string, args: unknown[]): void {
    const given = this.#tables.given.of(observer);
    if (given === undefined) return;
    if (given.early !== undefined) given.early.push(() => this.callObserverOnly(observer, method, args));
    else this.#outgoing.callOnly(copyOf(given), method, args, undefined);
  }

  releaseCache(target: CacheTarget, receipts: number): void {
    if (this.#lost === undefined) this.#tables.held.release(target, receipts);
  }

  /** Runs `fn` once when the peer has given back its last receipt of an object, or the connection ends. */
  whenForgotten(object: Referenceable, fn: () => void): void {
    if (this.#lost === undefined) this.#tables.exports.whenForgotten(object, fn);
    else fn();
  }

  onDisconnect(fn: (reason: CloseReason) => void): Disposable {
    const listener = { fn };
    if (this.#lost === undefined) this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get congested(): boolean {
    return this.#setup.output.congested || this.#outgoing.gate.waiting || (this.#codec.more?.inPieces ?? false);
  }

  whenWritable(fn: () => void): void {
    this.#callers.add(fn);
  }

  whenGivenBack(object: object, fn: () => void): void {
    if (this.#tables.exports.holds(object)) this.whenForgotten(object as Referenceable, fn);
    else fn();
  }

  pack(values: readonly unknown[]): Uint8Array {
    return this.#packing.pack(values);
  }

  unpack(bytes: Uint8Array): unknown[] {
    return this.#packing.unpack(bytes);
  }

  report(message: string, error: unknown): void {
    this.#setup.log({ level: "warn", message, error });
  }

  // ---- MessageHandler: the peer's messages

  called(call: IncomingCall): void {
    this.#dispatcher.dispatch(call);
  }

  unreadable(id: RequestId, _target: ObjectId, method: string, wants: number, error: unknown): void {
    this.#dispatcher.unreadable(id, method, wants, error);
    this.#written(); // the releases of what came with it
  }

  answered(
    id: number,
    value: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
  ): void {
    const call = this.#outgoing.settle(id);
    if (call.abandoned) {
      this.#giveBack(received, caches);
      Streams.giveBack(value);
    } else if (call.calledThrough && value instanceof Referenceable) {
      // An object of this side: what was called through the result is still on its way here and must come first.
      this.more.afterEcho(call, value);
      return;
    } else {
      Streams.came(value, call.method, call.signal);
      call.fulfil(value);
    }
    this.#outgoing.forget(call);
  }

  failed(
    id: number,
    error: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
    notRun?: { readonly dependency: boolean },
  ): void {
    const call = this.#outgoing.settle(id);
    if (call.abandoned) this.#giveBack(received, caches);
    else call.reject(failureOf(call, error, notRun));
    this.#outgoing.forget(call);
    this.#written(); // the releases of an answer that could not be decoded
  }

  /** What nobody was given. */
  #giveBack(received: readonly RemoteReference[] | undefined, caches: readonly RemoteCache[] | undefined): void {
    for (const reference of received ?? []) reference.release();
    for (const cache of caches ?? []) this.#tables.held.giveBack(cache);
  }

  released(id: ObjectId): boolean {
    return this.#tables.exports.takeBack(id);
  }

  decached(id: number): void {
    if (!this.#tables.given.takeBack(id)) return;
    this.#outgoing.inOrder((into) => this.#codec.sendUncache(id, into)); // behind the messages to the copy
  }

  uncached(id: number): void {
    this.#tables.held.uncached(id);
  }

  expected(id: number): boolean {
    return this.#outgoing.expected(id);
  }

  notUnderstood(command: string): void {
    this.#setup.log({ level: "warn", message: `the peer does not understand ${command}` });
  }

  #call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown> {
    const problem = this.#problem(target, method, options);
    if (problem !== undefined) return rejected(problem);
    if (this.#setup.whenFull === "reject" || this.#full() === undefined) {
      return this.#outgoing.call(destinationOf(target), method, args, options);
    }
    // It waits for room: what it is called on must be there until then.
    const lentBack = this.#lend(target);
    const result = this.#outgoing.call(destinationOf(target), method, args, options);
    RemoteResult.watch(result, lentBack, lentBack);
    return result;
  }

  #callOnly(target: Target, method: string, args: unknown[], options: CallOptions | undefined): void {
    const problem = this.#problem(target, method, undefined);
    this.#outgoing.callOnly(destinationOf(target), method, args, problem, options);
  }

  #sending(target: Target, method: string, args: unknown[], options: CallOptions | undefined): Sending {
    const reference = target instanceof Import ? target.reference.deref() : this.#byName.get(target.id as string);
    return { method, args, options, target: reference, hold: () => this.#lend(target) };
  }

  /** Whoever makes a call may give the reference back at once: it is kept until the call is sent. */
  #lend(target: Target): () => void {
    if (!(target instanceof Import) || target.receipts === 0) return () => {};
    const { imports } = this.#tables;
    imports.lend(target);
    return () => {
      if (this.#lost === undefined) imports.lentBack(target);
    };
  }

  #problem(target: Target, method: string, options: CallOptions | undefined): Error | undefined {
    if (this.#lost !== undefined) return new DeadReferenceError(`the connection has ended: ${this.#lost.message}`);
    if (target.receipts === 0 && typeof target.id === "number" && !(target instanceof Import && target.lent > 0)) {
      return new DeadReferenceError("the reference was given back already (await a result to keep what it refers to)");
    }
    if (typeof method !== "string") return new TypeError("the name of a method must be a string");
    if (options?.signal?.aborted) return new CallAborted(options.signal.reason, "no");
    return this.#setup.whenFull === "wait" ? undefined : this.#full();
  }

  #full(): Error | undefined {
    const { outputBytes } = this.#setup.limits;
    if (this.#setup.output.unsent + this.#outgoing.gate.bytes <= outputBytes) return undefined;
    return new LimitExceeded("outputBytes", `more than limits.outputBytes (${outputBytes}) wait to be sent`);
  }

  /** What the peer refers to by the id of a call: an object as itself, everything else as a copy. */
  #keptResult(id: number): unknown {
    const value = this.#dispatcher.arrival.keptResult(id);
    return this.#codec.more?.copy(value);
  }

  #sendPieces(): void {
    if (this.#piecesWait) return;
    this.#piecesWait = this.#codec.more?.sendPieces(() => this.#setup.output.congested) ?? false;
    if (this.#piecesWait) {
      this.#writers.add(() => {
        this.#piecesWait = false;
        this.#sendPieces();
      });
    }
    this.#written();
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

  #called(): void {
    // Where nothing of a call can be changed any more, there is nothing to wait for.
    if (this.#codec.more === undefined) this.#setup.output.written();
    else this.#setup.output.called();
    this.#checkOutput();
  }

  #written(): void {
    this.#setup.output.written();
    this.#callers.tell();
    this.#checkOutput();
  }

  #checkOutput(): void {
    const { output, limits } = this.#setup;
    const held = this.#outgoing.gate.bytes;
    const most = limits.outputBytes * 2;
    if (!output.congested && held <= most) return;
    const { unsent } = output;
    if (unsent > most || held > most) {
      const message = `the peer takes nothing: more than twice limits.outputBytes (${limits.outputBytes}) wait to be sent`;
      this.#setup.fail({ code: "LIMIT_EXCEEDED", message, error: new LimitExceeded("outputBytes", message) });
    } else if (!this.#stalled && this.#outgoing.awaited === 0 && unsent > limits.outputBytes / 4) {
      // Nothing of the peer is awaited, so nobody can be waiting for us to read: let it wait until it has read our answers.
      this.#stalled = true;
      this.#setReading();
    }
  }

  #readAgain(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#setReading();
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

/** What this side tells of itself. */
function greetingOf(limits: Limits, heartbeat: number): PeerLimits {
  const { calls, results, message, bytes, streams } = limits;
  return { calls, results, message, bytes, streams, heartbeat, process: processNumber() };
}

/** What a call fails with: the very error of the call that it depends on, if that is known. */
function failureOf(call: OutgoingCall, error: unknown, notRun: { readonly dependency: boolean } | undefined): unknown {
  // What was called through it may have failed with it before.
  call.failure ??= failureAbove(call) ?? ownFailure(call, error, notRun);
  return call.failure;
}

function failureAbove({ parent }: OutgoingCall): unknown {
  return parent && (parent.failure ?? failureAbove(parent));
}

function ownFailure(call: OutgoingCall, error: unknown, notRun: { readonly dependency: boolean } | undefined): unknown {
  const { parent, method } = call;
  if (notRun?.dependency && parent !== undefined) {
    const where = `${JSON.stringify(parent.method)}, so what was called through its result was not called`;
    if (error instanceof Error) showWhere(error, `the remote method ${where}`);
    parent.failure = error;
    return error;
  }
  const noReference = error instanceof RemoteError && error.type === NotAReference.wireName && notRun !== undefined;
  const failure = noReference ? new NotAReference(error.message) : error;
  if (failure instanceof Error) showWhere(failure, `the remote method ${JSON.stringify(method)}`);
  return failure;
}

function destinationOf(target: Target): Destination {
  return { to: "object", id: target.id, perspective: target instanceof Import ? target.perspective : null };
}

function copyOf({ id, perspective }: GivenCache): Destination {
  return { to: "cache", id, perspective };
}
