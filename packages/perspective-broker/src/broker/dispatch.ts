// Runs the peer's calls and answers each exactly once: with the result, with the error, or with an error that says why the
// result could not be sent. Nothing that a method does or returns reaches anyone but its caller and the log.

import { platform } from "#platform";
import {
  InvalidArguments,
  LimitExceeded,
  NoSuchMethod,
  NoSuchObject,
  PerspectiveBrokerError,
  UnsendableError,
} from "../errors.ts";
import { WrongArguments } from "../flavors/method-table.ts";
import type { Limits } from "../limits.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Codec } from "../wire/dialect.ts";
import { isExpected, withoutData } from "../wire/jelly/failure.ts";
import type { RequestId } from "../wire/message.ts";
import type { CachesHeld } from "./caches-held.ts";
import { Call, CallAborts, type CallConnection, type CallStore } from "./current-call.ts";
import type { Exports } from "./exports.ts";
import type { Imports } from "./imports.ts";
import { InboundQueue, type WaitingCall } from "./inbound.ts";
import type { Log } from "./log.ts";
import { principalFor } from "./perspective.ts";

export interface DispatcherSetup {
  readonly codec: Codec;
  readonly exports: Exports;
  readonly imports: Imports;
  readonly caches: CachesHeld;
  readonly limits: Limits;
  readonly store: CallStore;
  readonly connection: CallConnection;
  readonly log: Log;
  /** A message was put into the outbox. */
  readonly written: () => void;
  /** Not even an error can be sent: the connection cannot go on. */
  readonly failed: (error: unknown) => void;
}

export class Dispatcher {
  readonly aborts: CallAborts = new CallAborts();
  readonly queue: InboundQueue;
  readonly #setup: DispatcherSetup;
  #ended = false;

  constructor(setup: DispatcherSetup) {
    this.#setup = setup;
    this.queue = new InboundQueue(setup.limits.calls, setup.limits.queuedBytes);
  }

  /** Runs the call now, later, or refuses it, so that calls begin in the order of their arrival. */
  dispatch(call: WaitingCall): void {
    if (this.queue.open) {
      this.#run(call);
    } else if (this.queue.add(call)) {
      if (call.received !== undefined) this.#setup.imports.keep(call.received);
      // The peer may give the object back right after its last call: it must be there when the call's turn comes.
      call.pinned = call.to === "object" && this.#setup.exports.pinOne(call.target);
    } else {
      this.#giveBack(call);
      const { queuedBytes } = this.#setup.limits;
      this.refuse(
        call,
        new LimitExceeded("queuedBytes", `more than limits.queuedBytes (${queuedBytes}) of calls wait here`),
      );
    }
  }

  /**
   * Answers a call that was not run. The peer's own mistakes are not worth more than a debug line; what an application's class
   * threw when it was to take a state is.
   */
  refuse(call: Pick<WaitingCall, "id" | "method" | "wantsAnswer">, error: unknown): void {
    const level = error instanceof PerspectiveBrokerError ? "debug" : levelOf(error);
    if (level !== undefined) this.#setup.log({ level, message: `a call of ${shown(call)} was refused`, error });
    if (call.wantsAnswer) this.#sendError(call.id, error, false);
  }

  /** The connection has ended: what runs goes on, but nobody hears of it. */
  end(reason: unknown): void {
    this.#ended = true;
    this.queue.clear();
    this.aborts.abort(reason);
  }

  #run(call: WaitingCall): void {
    const { exports, imports, caches, store, connection } = this.#setup;
    const object = call.to === "object" ? exports.find(call.target) : undefined;
    if (object === undefined) {
      const missing =
        call.to === "object" ? new NoSuchObject("Invalid Object ID") : caches.missing(call.target as number);
      if (missing !== undefined) {
        this.#giveBack(call);
        this.refuse(call, missing);
        return;
      }
    }
    const perspective = object === undefined ? null : exports.perspective(call.target);
    if (call.received !== undefined) imports.hold(call.received);
    let result: unknown;
    let later: boolean;
    try {
      const principal = object && principalFor(object);
      const context = new Call(connection, call.method, this.aborts, perspective, principal);
      result =
        object === undefined
          ? store.run(context, this.#observed, this, [call])
          : store.run(context, object.remoteMessageReceived, object, [call.method, call.args, call.keywords]);
      later = isThenable(result);
    } catch (error) {
      this.#failed(call, error, false);
      this.#answered(call.received);
      return;
    }
    if (!later) {
      if (call.wantsAnswer) this.#succeeded(call, result, perspective);
      else exports.forgetUnsent(result);
      this.#answered(call.received);
      return;
    }
    this.queue.running++;
    const settled = () => {
      this.queue.running--;
      this.#answered(call.received);
      this.#runWaiting();
    };
    Promise.resolve(result).then(
      (value) => {
        if (!call.wantsAnswer) exports.forgetUnsent(value);
        else if (!this.#ended) this.#succeeded(call, value, perspective);
        settled();
      },
      (error) => {
        this.#failed(call, error, true);
        settled();
      },
    );
  }

  /** A place has become free. Calls that end at once free theirs again, so there is a budget here, too. */
  #runWaiting(): void {
    for (let budget = this.#setup.limits.turnCalls; budget > 0; budget--) {
      const call = this.queue.take();
      if (call === undefined) return;
      if (call.received !== undefined) this.#setup.imports.deliver(call.received);
      this.#run(call);
      if (call.pinned) this.#setup.exports.unpin([call.target as number]);
    }
    if (this.queue.waiting > 0) platform.yieldTurn(() => this.#runWaiting());
  }

  /** What came with a call that is not run. */
  #giveBack(call: WaitingCall): void {
    for (const reference of call.received ?? []) reference.release();
    for (const cache of call.caches ?? []) this.#setup.caches.giveBack(cache);
  }

  #answered(received: readonly RemoteReference[] | undefined): void {
    if (received !== undefined) this.#setup.imports.unhold(received);
  }

  #observed(call: WaitingCall): unknown {
    return this.#setup.caches.observed(call.target as number, call.method, call.args, call.keywords);
  }

  #succeeded(call: WaitingCall, value: unknown, perspective: object | null): void {
    try {
      this.#setup.codec.sendAnswer(call.id, value, perspective);
      this.#setup.written();
    } catch (error) {
      const message = `the result of ${shown(call)} cannot be sent`;
      this.#setup.log({ level: "error", message, error });
      const told = error instanceof UnsendableError ? new UnsendableError("", `${message}: ${error.message}`) : error;
      this.#sendError(call.id, told, false);
    }
  }

  #failed(call: WaitingCall, error: unknown, later: boolean): void {
    const level = levelOf(error);
    if (level === "debug") this.#setup.log({ level, message: `${shown(call)} failed`, error });
    else if (level === "error") this.#setup.log({ level, message: `${shown(call)} failed unexpectedly`, error });
    if (!this.#ended && call.wantsAnswer) this.#sendError(call.id, error, later);
  }

  #sendError(id: RequestId, error: unknown, later: boolean): void {
    const { codec, log, failed, written } = this.#setup;
    try {
      codec.sendError(id, error, later);
    } catch (unsendable) {
      log({ level: "error", message: "an error cannot be sent as it is", error: unsendable });
      try {
        this.#sendLess(id, error, later);
      } catch (hopeless) {
        failed(hopeless);
        return;
      }
    }
    written();
  }

  /** Without its data, or if even that cannot be sent, without anything of it. */
  #sendLess(id: RequestId, error: unknown, later: boolean): void {
    const { codec } = this.#setup;
    try {
      codec.sendError(id, withoutData(error), later);
    } catch {
      codec.sendError(id, new Error("the call failed, and its error could not be sent"), later);
    }
  }
}

/** How an error of a method is logged; not at all if it is an expected one. What was thrown may be anything. */
function levelOf(error: unknown): "debug" | "error" | undefined {
  try {
    if (error instanceof NoSuchMethod || error instanceof WrongArguments || error instanceof InvalidArguments) {
      return "debug";
    }
    return isExpected(error) ? undefined : "error";
  } catch {
    return "error";
  }
}

/** A name that the peer chose, fit for a line of a log. */
function shown({ method }: Pick<WaitingCall, "method">): string {
  return /^[\w$.-]{1,80}$/.test(method) ? method : JSON.stringify(method.slice(0, 80)).replace(/[\u007f-\u009f]/g, "?");
}

function isThenable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Promise || typeof (value as { then?: unknown }).then === "function";
}
