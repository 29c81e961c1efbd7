// One conversation between two sides that are equal: it calls the peer's objects and answers for its own. A state machine:
// bytes and time in, bytes and settled promises out. It does not know which dialect it speaks, nor over what.

import { CallAborted, type CloseReason, ConnectionLost, DeadReferenceError } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Target } from "../references/conversation.ts";
import type { Observer } from "../references/observer.ts";
import type { CacheTarget, RemoteCache } from "../references/remote-cache.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import { pending, RemoteResult, rejected } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import type { Dialect } from "../wire/dialect.ts";
import type { IncomingCall, MessageHandler, MoreHandler, ObjectId, RequestId } from "../wire/message.ts";
import { failureOf, type NotRun } from "./answers.ts";
import type { GivenCache } from "./caches-given.ts";
import type { CallConnection } from "./current-call.ts";
import { Import } from "./imports.ts";
import type { Sending } from "./interceptors.ts";
import type { Names } from "./names.ts";
import type { Destination } from "./outgoing.ts";
import type { BrokerSession, BrokerSettings } from "./settings.ts";
import { Streams } from "./streams.ts";
import { Switchboard } from "./switchboard.ts";
import type { TablesConversation, TablesInspection } from "./tables.ts";

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
  readonly #parts: Switchboard;
  #byName: Map<string, RemoteReference> | undefined;
  #listeners: Set<{ fn: (reason: CloseReason) => void }> | undefined;

  /** `names` are the objects that the peer can ask for by name; they may change at any time. */
  constructor(
    dialect: Dialect,
    settings: BrokerSettings,
    session: BrokerSession,
    connection: CallConnection,
    names: Names,
  ) {
    this.#parts = new Switchboard(this, dialect, settings, session, connection, names);
  }

  /** The messages that not every dialect has. */
  get more(): MoreHandler {
    return this.#parts.more;
  }

  /** Says what the dialect has to say first. */
  begin(): void {
    this.#parts.codec.hello();
    this.#parts.written();
  }

  /** The peer's object of that name; asks nothing and counts nothing (spec §5.2). */
  named(name: string): RemoteReference {
    this.#byName ??= new Map();
    let reference = this.#byName.get(name);
    if (reference === undefined) {
      reference = new RemoteReference({ conversation: this, id: name, receipts: 0 } satisfies Target);
      this.#byName.set(name, reference);
    }
    return reference;
  }

  receive(chunk: Uint8Array): void {
    this.#parts.flow.receive(chunk);
  }

  /** The transport has room again. */
  drained(): void {
    this.#parts.drained();
  }

  /**
   * Everything ends, in Twisted's order (spec §5.10): no more calls; the waiting ones fail; those who asked are told; the
   * tables are dropped. `dropped` tells that what was not sent will not be sent any more.
   */
  end(reason: CloseReason, dropped: boolean): void {
    const parts = this.#parts;
    if (parts.lost !== undefined) return;
    parts.lost = reason;
    parts.outgoingIfAny?.end(reason, dropped);
    parts.dispatcher.end(new ConnectionLost(reason, "unknown"));
    parts.streamsIfAny?.end(reason);
    parts.tables.stopObserving();
    const listeners = [...(this.#listeners ?? [])];
    this.#listeners = undefined;
    for (const { fn } of listeners) {
      try {
        fn(reason);
      } catch (error) {
        parts.complain("a disconnect listener", error);
      }
    }
    parts.tables.clear();
    parts.more.end();
    parts.endWriters();
  }

  inspect(): Inspection {
    const { tables, outgoingIfAny, dispatcher, streamsIfAny, session } = this.#parts;
    return {
      ...tables.inspect(),
      awaited: outgoingIfAny?.awaited ?? 0,
      running: dispatcher.queue.running,
      waiting: dispatcher.waiting,
      held: outgoingIfAny?.gate.calls ?? 0,
      results: dispatcher.kept,
      streams: streamsIfAny?.inspect() ?? { given: 0, held: 0 },
      unsentBytes: session.output.unsent,
    };
  }

  // ---- Conversation: our calls

  call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown> {
    if (this.#parts.interception?.active) {
      const sending = this.#sending(target, method, args, options);
      return this.#parts.interception.callOut(sending, (given, more) => this.#call(target, method, given, more));
    }
    return this.#call(target, method, args, options);
  }

  callOnly(target: Target, method: string, args: unknown[], options: CallOptions | undefined): void {
    if (this.#parts.interception?.active) {
      const sending = this.#sending(target, method, args, options);
      this.#parts.interception.callOutOnly(sending, (given, more) => this.#callOnly(target, method, given, more));
    } else {
      this.#callOnly(target, method, args, options);
    }
  }

  post(target: Target, method: string, args: unknown[]): void {
    const problem = this.#problem(target, method, undefined);
    if (problem !== undefined) throw problem;
    this.#parts.outgoing.post(destinationOf(target), method, args);
  }

  release(target: Target, receipts: number): void {
    if (this.#parts.lost === undefined && target instanceof Import)
      this.#parts.tables.imports.release(target, receipts);
  }

  // ---- ObserverConversation: messages to the copies of our Cacheables

  callObserver(observer: Observer, method: string, args: unknown[]): RemoteResult<unknown> {
    const given = this.#parts.tables.given.of(observer);
    if (given === undefined) return rejected(new DeadReferenceError("the copy is gone"));
    if (given.early === undefined) return this.#parts.outgoing.call(copyOf(given), method, args, undefined);
    const { result, resolve, reject } = pending<unknown>();
    given.early.push(() => this.callObserver(observer, method, args).then(resolve, reject));
    return result;
  }

  callObserverOnly(observer: Observer, method: string, args: unknown[]): void {
    const given = this.#parts.tables.given.of(observer);
    if (given === undefined) return;
    if (given.early !== undefined) given.early.push(() => this.callObserverOnly(observer, method, args));
    else this.#parts.outgoing.callOnly(copyOf(given), method, args, undefined);
  }

  releaseCache(target: CacheTarget, receipts: number): void {
    if (this.#parts.lost === undefined) this.#parts.tables.held.release(target, receipts);
  }

  /** Runs `fn` once when the peer has given back its last receipt of an object, or the connection ends. */
  whenForgotten(object: Referenceable, fn: () => void): void {
    if (this.#parts.lost === undefined) this.#parts.tables.exports.whenForgotten(object, fn);
    else fn();
  }

  onDisconnect(fn: (reason: CloseReason) => void): Disposable {
    const listener = { fn };
    if (this.#parts.lost === undefined) {
      this.#listeners ??= new Set();
      this.#listeners.add(listener);
    }
    return { [Symbol.dispose]: () => void this.#listeners?.delete(listener) };
  }

  get congested(): boolean {
    return this.#parts.busy;
  }

  whenWritable(fn: () => void): void {
    this.#parts.whenRoom(fn);
  }

  whenGivenBack(object: object, fn: () => void): void {
    if (this.#parts.tables.exports.holds(object)) this.whenForgotten(object as Referenceable, fn);
    else fn();
  }

  pack(values: readonly unknown[]): Uint8Array {
    return this.#parts.packing.pack(values);
  }

  unpack(bytes: Uint8Array): unknown[] {
    return this.#parts.packing.unpack(bytes);
  }

  report(message: string, error: unknown): void {
    this.#parts.log({ level: "warn", message, error });
  }

  // ---- MessageHandler: the peer's messages

  called(call: IncomingCall): void {
    this.#parts.dispatcher.dispatch(call);
  }

  unreadable(id: RequestId, _target: ObjectId, method: string, wants: number, error: unknown): void {
    this.#parts.dispatcher.unreadable(id, method, wants, error);
    this.#parts.written(); // the releases of what came with it
  }

  answered(
    id: number,
    value: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
  ): void {
    const call = this.#parts.outgoing.settle(id);
    if (call.abandoned) {
      this.#parts.giveBack(received, caches);
      Streams.giveBack(value);
    } else if (call.calledThrough && value instanceof Referenceable) {
      // An object of this side: what was called through the result is still on its way here and must come first.
      this.#parts.more.afterEcho(call, value);
      return;
    } else {
      Streams.came(value, call.method, call.signal);
      call.fulfil(value);
    }
    this.#parts.outgoing.forget(call);
  }

  failed(
    id: number,
    error: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
    notRun?: NotRun,
  ): void {
    const call = this.#parts.outgoing.settle(id);
    if (call.abandoned) this.#parts.giveBack(received, caches);
    else call.reject(failureOf(call, error, notRun));
    this.#parts.outgoing.forget(call);
    this.#parts.written(); // the releases of an answer that could not be decoded
  }

  released(id: ObjectId): boolean {
    return this.#parts.tables.exports.takeBack(id);
  }

  decached(id: number): void {
    if (!this.#parts.tables.given.takeBack(id)) return;
    this.#parts.outgoing.inOrder((into) => this.#parts.codec.sendUncache(id, into)); // behind the messages to the copy
  }

  uncached(id: number): void {
    this.#parts.tables.held.uncached(id);
  }

  expected(id: number): boolean {
    return this.#parts.outgoingIfAny?.expected(id) ?? false;
  }

  notUnderstood(command: string): void {
    this.#parts.log({ level: "warn", message: `the peer does not understand ${command}` });
  }

  #call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown> {
    const problem = this.#problem(target, method, options);
    if (problem !== undefined) return rejected(problem);
    const { outgoing, whenFull } = this.#parts;
    if (whenFull === "reject" || this.#parts.full() === undefined) {
      return outgoing.call(destinationOf(target), method, args, options);
    }
    // It waits for room: what it is called on must be there until then.
    const lentBack = this.#lend(target);
    const result = outgoing.call(destinationOf(target), method, args, options);
    RemoteResult.watch(result, lentBack, lentBack);
    return result;
  }

  #callOnly(target: Target, method: string, args: unknown[], options: CallOptions | undefined): void {
    const problem = this.#problem(target, method, undefined);
    this.#parts.outgoing.callOnly(destinationOf(target), method, args, problem, options);
  }

  #sending(target: Target, method: string, args: unknown[], options: CallOptions | undefined): Sending {
    const reference = target instanceof Import ? target.reference.deref() : this.#byName?.get(target.id as string);
    return { method, args, options, target: reference, hold: () => this.#lend(target) };
  }

  /** Whoever makes a call may give the reference back at once: it is kept until the call is sent. */
  #lend(target: Target): () => void {
    if (!(target instanceof Import) || target.receipts === 0) return () => {};
    const { imports } = this.#parts.tables;
    imports.lend(target);
    return () => {
      if (this.#parts.lost === undefined) imports.lentBack(target);
    };
  }

  #problem(target: Target, method: string, options: CallOptions | undefined): Error | undefined {
    if (this.#parts.lost !== undefined)
      return new DeadReferenceError(`the connection has ended: ${this.#parts.lost.message}`);
    if (target.receipts === 0 && typeof target.id === "number" && !(target instanceof Import && target.lent > 0)) {
      return new DeadReferenceError("the reference was given back already (await a result to keep what it refers to)");
    }
    if (typeof method !== "string") return new TypeError("the name of a method must be a string");
    if (options?.signal?.aborted) return new CallAborted(options.signal.reason, "no");
    return this.#parts.whenFull === "wait" ? undefined : this.#parts.full();
  }
}

function destinationOf(target: Target): Destination {
  return { to: "object", id: target.id, perspective: target instanceof Import ? target.perspective : null };
}

function copyOf({ id, perspective }: GivenCache): Destination {
  return { to: "cache", id, perspective };
}
