// Runs the peer's calls and answers each exactly once: with the result, with the error, or with an error that says why the
// result could not be sent. Nothing that a method does or returns reaches anyone but its caller and the log.

import { platform } from "#platform";
import { LimitExceeded, NoSuchMethod, NoSuchObject } from "../errors.ts";
import { WrongArguments } from "../flavors/method-table.ts";
import type { Limits } from "../limits.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Codec } from "../wire/dialect.ts";
import { isExpected, withoutData } from "../wire/jelly/failure.ts";
import type { RequestId } from "../wire/message.ts";
import { Call, CallAborts, type CallConnection, type CallStore } from "./current-call.ts";
import type { Exports } from "./exports.ts";
import type { Imports } from "./imports.ts";
import { InboundQueue, type WaitingCall } from "./inbound.ts";
import type { Log } from "./log.ts";

export interface DispatcherSetup {
  readonly codec: Codec;
  readonly exports: Exports;
  readonly imports: Imports;
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
    } else {
      for (const reference of call.received ?? []) reference.release();
      const { queuedBytes } = this.#setup.limits;
      this.refuse(
        call,
        new LimitExceeded("queuedBytes", `more than limits.queuedBytes (${queuedBytes}) of calls wait here`),
      );
    }
  }

  /** Answers a call that was not run. The peer's own mistakes are not worth more than a debug line. */
  refuse(call: Pick<WaitingCall, "id" | "method" | "wantsAnswer">, error: unknown): void {
    this.#setup.log({ level: "debug", message: `a call of ${call.method} was refused`, error });
    if (call.wantsAnswer) this.#sendError(call.id, error, false);
  }

  /** The connection has ended: what runs goes on, but nobody hears of it. */
  end(reason: unknown): void {
    this.#ended = true;
    this.queue.clear();
    this.aborts.abort(reason);
  }

  #run(call: WaitingCall): void {
    const { exports, imports, store, connection } = this.#setup;
    const object = exports.find(call.target);
    if (object === undefined) {
      for (const reference of call.received ?? []) reference.release();
      this.refuse(call, new NoSuchObject("Invalid Object ID"));
      return;
    }
    if (call.received !== undefined) imports.hold(call.received);
    let result: unknown;
    let later: boolean;
    try {
      const context = new Call(connection, call.method, this.aborts);
      result = store.run(context, object.remoteMessageReceived, object, [call.method, call.args, call.keywords]);
      later = isThenable(result);
    } catch (error) {
      this.#failed(call, error, false);
      this.#answered(call.received);
      return;
    }
    if (!later) {
      if (call.wantsAnswer) this.#succeeded(call, result);
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
        if (!this.#ended && call.wantsAnswer) this.#succeeded(call, value);
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
    }
    if (this.queue.waiting > 0) platform.yieldTurn(() => this.#runWaiting());
  }

  #answered(received: readonly RemoteReference[] | undefined): void {
    if (received !== undefined) this.#setup.imports.unhold(received);
  }

  #succeeded(call: WaitingCall, value: unknown): void {
    try {
      this.#setup.codec.sendAnswer(call.id, value);
      this.#setup.written();
    } catch (error) {
      this.#setup.log({ level: "error", message: `the result of ${call.method} cannot be sent`, error });
      this.#sendError(call.id, error, false);
    }
  }

  #failed(call: WaitingCall, error: unknown, later: boolean): void {
    const level = levelOf(error);
    if (level === "debug") this.#setup.log({ level, message: `${call.method} failed`, error });
    else if (level === "error") this.#setup.log({ level, message: `${call.method} failed unexpectedly`, error });
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
    if (error instanceof NoSuchMethod || error instanceof WrongArguments) return "debug";
    return isExpected(error) ? undefined : "error";
  } catch {
    return "error";
  }
}

function isThenable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Promise || typeof (value as { then?: unknown }).then === "function";
}
