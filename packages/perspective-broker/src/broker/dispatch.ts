// Runs the peer's calls and answers each exactly once: with the result, with the error, or with an error that says why the
// result could not be sent. Nothing that a method does or returns reaches anyone but its caller and the log.

import { platform } from "#platform";
import { CallAborted, CallTimeout, LimitExceeded, NoSuchObject, PerspectiveBrokerError } from "../errors.ts";
import { Lock } from "../flavors/lock.ts";
import type { Probe } from "../flavors/probe.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Codec, MoreMessages } from "../wire/dialect.ts";
import { type RequestId, Wants } from "../wire/message.ts";
import { Arrival } from "./arrival.ts";
import type { CachesHeld } from "./caches-held.ts";
import { type AwaitedCalls, Call, CallAborts, type CallConnection, type CallStore } from "./current-call.ts";
import type { Exports } from "./exports.ts";
import { levelOf, logFailure, sendFailure, unsendable } from "./failures.ts";
import { IdTable } from "./id-table.ts";
import type { Imports } from "./imports.ts";
import { InboundQueue, type WaitingCall } from "./inbound.ts";
import type { Interception } from "./interceptors.ts";
import { LockWaits } from "./lock-waits.ts";
import type { Log } from "./log.ts";
import { type Forwarding, Results } from "./results.ts";
import { Searches } from "./searches.ts";
import { Streams } from "./streams.ts";

export interface DispatcherSetup {
  readonly codec: Codec;
  readonly exports: Exports;
  readonly imports: Imports;
  readonly caches: CachesHeld;
  readonly streams: Streams;
  readonly limits: Limits;
  readonly store: CallStore;
  readonly connection: CallConnection;
  readonly interception: Interception | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Our own calls. */
  readonly awaited: AwaitedCalls;
  /** A message was put into the outbox. */
  readonly written: () => void;
  /** Not even an error can be sent: the connection cannot go on. */
  readonly failed: (error: unknown) => void;
}

export class Dispatcher {
  readonly aborts: CallAborts;
  readonly queue: InboundQueue;
  readonly results: Results;
  readonly arrival: Arrival;
  readonly lockWaits: LockWaits;
  readonly #setup: DispatcherSetup;
  readonly #more: MoreMessages | undefined;
  // Calls that have returned a promise.
  readonly #running = new IdTable<Call>();
  readonly #searches: Searches;
  #uncredited = 0;
  #ended = false;

  constructor(setup: DispatcherSetup) {
    const { limits, exports, imports, codec, clock, awaited } = setup;
    this.#setup = setup;
    this.#more = codec.more;
    this.aborts = new CallAborts(clock, awaited);
    this.queue = new InboundQueue(limits.calls, limits.queuedBytes);
    this.results = new Results(limits.results);
    const { queue, results } = this;
    this.arrival = new Arrival({
      ...{ exports, imports, queue, results, queuedBytes: limits.queuedBytes },
      admit: (call) => this.#admit(call),
      refuse: (call, error, dependency) => this.refuse(call, error, { dependency }),
      giveBack: (call) => this.#giveBack(call),
    });
    const refuse = (call: WaitingCall, error: Error) => {
      this.#giveBack(call);
      this.refuse(call, error);
    };
    this.lockWaits = new LockWaits({ queue, imports, clock, refuse });
    this.#searches = new Searches(clock);
  }

  /** Runs the call now, later, or refuses it, so that calls of one target begin in the order of their arrival. */
  dispatch(call: WaitingCall): void {
    if (call.keep) {
      call.kept = this.results.begin(call.id as number);
      if (call.kept === undefined) {
        this.#giveBack(call);
        const { results } = this.#setup.limits;
        this.refuse(call, new LimitExceeded("results", `more than limits.results (${results}) are kept here`), NOT_RUN);
        return;
      }
    }
    const { chain } = this.#setup.limits;
    if ((call.envelope?.depth ?? 0) > chain) {
      this.#giveBack(call);
      const message = `more than limits.chain (${chain}) calls above each other`;
      this.refuse(call, new LimitExceeded("chain", message), NOT_RUN);
      return;
    }
    if (call.envelope?.deadline !== undefined) call.arrived = this.#setup.clock.now();
    if (this.#more === undefined) this.#admit(call);
    else this.arrival.arrived(call);
  }

  /**
   * Answers a call that was not run. The peer's own mistakes are not worth more than a debug line; what an application's class
   * threw when it was to take a state is.
   */
  refuse(
    call: Pick<WaitingCall, "id" | "method" | "wantsAnswer" | "kept">,
    error: unknown,
    notRun: { readonly dependency: boolean } = NOT_RUN,
  ): void {
    const level = error instanceof PerspectiveBrokerError || notRun.dependency ? "debug" : levelOf(error);
    if (level !== undefined) this.#setup.log({ level, message: `a call of ${shown(call)} was refused`, error });
    if (call.wantsAnswer || call.kept?.pulled) this.#sendError(call.id, error, false, notRun);
    if (call.kept !== undefined) {
      call.kept.notRun = notRun;
      call.kept.settle({ error }, null); // after it, so that the error of what depends on it is known as its own
    }
    this.#close(call);
  }

  /** A call whose arguments cannot be decoded. */
  unreadable(id: RequestId, method: string, wants: number, error: unknown): void {
    const kept = (wants & Wants.keeping) === 0 ? undefined : this.results.begin(id as number);
    this.refuse({ id, method, wantsAnswer: (wants & Wants.answer) !== 0, kept }, error);
  }

  /** The caller does not wait for a call any more. */
  cancel(id: number): void {
    if (this.arrival.cancel(id) || this.queue.cancel(id)) return;
    if (this.lockWaits.cancel(id, new CallAborted(undefined, "no"))) return;
    this.#running.get(id)?.abort(new CallAborted(undefined, "unknown"));
  }

  /** The peer searches for calls that wait for each other, and comes to one of its own. If that is not here any more, so be it. */
  probed(id: number, probe: Probe): void {
    const call = this.#running.get(id) ?? this.lockWaits.find(id);
    if (call !== undefined) this.#searches.goOn(call, probe);
  }

  /** The caller wants a result that was only to be kept. */
  pull(id: number): void {
    const kept = this.results.find(id);
    if (kept === undefined) return;
    kept.pulled = true;
    if (kept.outcome === undefined) return;
    if ("error" in kept.outcome) this.#sendError(id, kept.outcome.error, false, kept.notRun);
    else {
      const { outcome, perspective, context } = kept;
      this.#sendValue({ id, method: "a call through whose result was called" }, outcome.value, perspective, context);
      context?.settled();
    }
  }

  /** The caller does not need a result any more. */
  drop(id: number): void {
    const kept = this.results.drop(id);
    if (kept !== undefined && !kept.sent) {
      kept.whenSettled(() => {
        if (!kept.sent && kept.outcome !== undefined && "value" in kept.outcome) {
          this.#setup.exports.forgetUnsent(kept.outcome.value);
        }
      });
    }
  }

  /** The connection has ended: what runs goes on, but nobody hears of it. */
  end(reason: unknown): void {
    this.#ended = true;
    this.queue.clear();
    this.arrival.clear();
    this.lockWaits.clear();
    this.results.clear();
    this.aborts.end(reason);
  }

  /** It may run: now, or when there is a place for it. */
  #admit(call: WaitingCall): void {
    if (this.queue.open) {
      this.#run(call);
    } else if (this.queue.add(call)) {
      if (call.received !== undefined) this.#setup.imports.keep(call.received);
      // The peer may give the object back right after its last call: it must be there when the call's turn comes.
      call.pinned = call.to === "object" && call.object === undefined && this.#setup.exports.pinOne(call.target);
    } else {
      this.#giveBack(call);
      this.refuse(call, this.#noRoom());
    }
  }

  #noRoom(): LimitExceeded {
    const { queuedBytes } = this.#setup.limits;
    return new LimitExceeded("queuedBytes", `more than limits.queuedBytes (${queuedBytes}) of calls wait here`);
  }

  /** Why a call that waited is not begun any more. */
  #tooLate(call: WaitingCall): Error | undefined {
    if (call.cancelled) return new CallAborted(undefined, "no");
    const deadline = call.envelope?.deadline;
    if (deadline === undefined || this.#setup.clock.now() - (call.arrived as number) < deadline) return undefined;
    return new CallTimeout(`${call.method}: its deadline was over before its turn came`, "no");
  }

  #run(call: WaitingCall): void {
    const { exports, caches, connection } = this.#setup;
    const object = call.object ?? (call.to === "object" ? exports.find(call.target) : undefined);
    let missing: Error | undefined;
    if (object === undefined) {
      missing = call.to === "cache" ? caches.missing(call.target as number) : new NoSuchObject("Invalid Object ID");
    }
    if (call.cancelled || call.arrived !== undefined) missing ??= this.#tooLate(call);
    if (missing !== undefined) {
      this.#giveBack(call);
      this.refuse(call, missing);
      return;
    }
    let perspective: object | null = null;
    if (call.object === undefined) perspective = object === undefined ? null : exports.perspective(call.target);
    else perspective = call.object.callingPerspective();
    const principal = object?.callingPrincipal();
    const { method, envelope } = call;
    const context = new Call(connection, method, this.aborts, perspective, principal, envelope, call.arrived ?? 0);
    const owner = object?.synchronizedOn(method);
    if (owner === undefined) this.#begin(call, object, context, perspective, undefined);
    else this.#enter(call, object, context, perspective, Lock.of(owner));
  }

  /** Begins with a call when its object has no other one. */
  #enter(
    call: WaitingCall,
    object: Referenceable | Forwarding | undefined,
    context: Call,
    perspective: object | null,
    lock: Lock,
  ): void {
    if (lock.enter(context)) {
      this.#begin(call, object, context, perspective, lock);
      return;
    }
    const begin = () => {
      const late = this.#tooLate(call);
      if (late === undefined) {
        this.#begin(call, object, context, perspective, lock);
        return;
      }
      this.#giveBack(call);
      this.refuse(call, late);
      lock.leave(context);
    };
    if (this.lockWaits.add(call, lock, context, begin)) return;
    this.#giveBack(call);
    this.refuse(call, this.#noRoom());
  }

  #begin(
    call: WaitingCall,
    object: Referenceable | Forwarding | undefined,
    context: Call,
    perspective: object | null,
    lock: Lock | undefined,
  ): void {
    const { imports, store, interception } = this.#setup;
    if (call.received !== undefined) imports.hold(call.received);
    let result: unknown;
    let later: boolean;
    try {
      if (object === undefined) {
        result = store.run(context, this.#observed, this, [call]);
      } else if (interception?.active) {
        result = store.run(context, interception.callIn, interception, [call, context, object]);
      } else {
        const message = object.remoteMessageReceived as AnyMethod;
        result = store.run(context, message, object, [call.method, call.args, call.keywords]);
      }
      later = isThenable(result);
    } catch (error) {
      this.#failed(call, error, false);
      this.#answered(call.received);
      lock?.leave(context);
      return;
    }
    if (!later) {
      this.#succeeded(call, result, perspective, context);
      this.#answered(call.received);
      context.settled();
      lock?.leave(context);
      return;
    }
    this.queue.running++;
    if (this.#more !== undefined) this.#running.set(call.id as number, context);
    const settled = () => {
      this.queue.running--;
      if (this.#more !== undefined) this.#running.delete(call.id as number);
      context.settled();
      this.#answered(call.received);
      lock?.leave(context);
      this.#runWaiting();
    };
    Promise.resolve(result).then(
      (value) => {
        this.#succeeded(call, value, perspective, context);
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
    if (call.late !== undefined && call.args.length === 0) {
      call.late.giveBack();
      return;
    }
    for (const reference of call.received ?? []) reference.release();
    for (const cache of call.caches ?? []) this.#setup.caches.giveBack(cache);
    for (const value of call.args) Streams.giveBack(value);
  }

  #answered(received: readonly RemoteReference[] | undefined): void {
    if (received !== undefined) this.#setup.imports.unhold(received);
  }

  #observed(call: WaitingCall): unknown {
    return this.#setup.caches.observed(call.target as number, call.method, call.args, call.keywords);
  }

  /** A call has ended that is not answered: its caller may make another one. */
  #close(call: Pick<WaitingCall, "wantsAnswer">): void {
    if (call.wantsAnswer || this.#more === undefined || this.#ended) return;
    if (++this.#uncredited < Math.max(1, this.#setup.limits.calls >> 2)) return;
    this.#more.sendCredit(this.#uncredited);
    this.#uncredited = 0;
    this.#setup.written();
  }

  #succeeded(call: WaitingCall, value: unknown, perspective: object | null, context: Call): void {
    // What was called through it goes first: it must not come behind what its caller does with the answer.
    call.kept?.settle({ value }, perspective, context);
    const wanted = call.wantsAnswer || call.kept?.pulled;
    if (!wanted) {
      if (call.kept === undefined) this.#setup.exports.forgetUnsent(value);
    } else if (!this.#ended) {
      if (call.kept !== undefined) call.kept.sent = true;
      this.#sendValue(call, value, perspective, context);
    }
    this.#close(call);
  }

  #sendValue(
    call: Pick<WaitingCall, "id" | "method">,
    value: unknown,
    perspective: object | null,
    context: Call | undefined,
  ): void {
    const { codec, streams, written, log } = this.#setup;
    streams.onBehalfOf = context;
    try {
      codec.sendAnswer(call.id, value, perspective);
      written();
    } catch (error) {
      this.#sendError(call.id, unsendable(log, `the result of ${shown(call)}`, error), false);
    } finally {
      streams.onBehalfOf = undefined;
    }
  }

  #failed(call: WaitingCall, error: unknown, later: boolean): void {
    logFailure(this.#setup.log, shown(call), error);
    if (!this.#ended && (call.wantsAnswer || call.kept?.pulled)) this.#sendError(call.id, error, later);
    call.kept?.settle({ error }, null);
    this.#close(call);
  }

  #sendError(id: RequestId, error: unknown, later: boolean, notRun?: { readonly dependency: boolean }): void {
    const { codec, log, failed, written } = this.#setup;
    try {
      sendFailure(log, error, (sent) => codec.sendError(id, sent, later, notRun));
    } catch (hopeless) {
      failed(hopeless);
      return;
    }
    written();
  }
}

type AnyMethod = (...args: never[]) => unknown;

const NOT_RUN = { dependency: false } as const;

/** A name that the peer chose, fit for a line of a log. */
function shown({ method }: Pick<WaitingCall, "method">): string {
  return /^[\w$.-]{1,80}$/.test(method) ? method : JSON.stringify(method.slice(0, 80)).replace(/[\u007f-\u009f]/g, "?");
}

function isThenable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Promise || typeof (value as { then?: unknown }).then === "function";
}
