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
import { Arrival, type ArrivalSetup } from "./arrival.ts";
import { type AwaitedCalls, Call, CallAborts, type CallConnection, type CallStore } from "./current-call.ts";
import { levelOf, logFailure, sendFailure, unsendable } from "./failures.ts";
import { IdTable } from "./id-table.ts";
import { InboundQueue, type WaitingCall } from "./inbound.ts";
import type { Interception } from "./interceptors.ts";
import { LockWaits, type LockWaitsSetup } from "./lock-waits.ts";
import type { Log } from "./log.ts";
import { type Forwarding, Results } from "./results.ts";
import { Searches } from "./searches.ts";
import { Streams } from "./streams.ts";
import type { Tables } from "./tables.ts";

export interface DispatcherSetup {
  readonly codec: Codec;
  readonly tables: Tables;
  /** The call whose result is being encoded: it goes on until the streams in it have ended. */
  onBehalfOf: Call | undefined;
  readonly limits: Limits;
  readonly store: CallStore;
  readonly connection: CallConnection;
  readonly interception: Interception | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Our own calls. */
  readonly outgoing: AwaitedCalls;
  /** A message was put into the outbox. */
  written(): void;
  /** Not even an error can be sent: the connection cannot go on. */
  failed(error: unknown): void;
}

export class Dispatcher implements ArrivalSetup, LockWaitsSetup {
  readonly aborts: CallAborts;
  readonly queue: InboundQueue;
  readonly #setup: DispatcherSetup;
  readonly #more: MoreMessages | undefined;
  // What a connection has only if it needs it.
  #results: Results | undefined;
  #arrival: Arrival | undefined;
  #lockWaits: LockWaits | undefined;
  #searches: Searches | undefined;
  // Calls that have returned a promise.
  #running: IdTable<Call> | undefined;
  #uncredited = 0;
  #ended = false;

  constructor(setup: DispatcherSetup) {
    const { limits, codec, clock } = setup;
    this.#setup = setup;
    this.#more = codec.more;
    this.aborts = new CallAborts(clock, setup);
    this.queue = new InboundQueue(limits);
  }

  get results(): Results {
    this.#results ??= new Results(this.#setup.limits.results);
    return this.#results;
  }

  get arrival(): Arrival {
    this.#arrival ??= new Arrival(this);
    return this.#arrival;
  }

  get lockWaits(): LockWaits {
    this.#lockWaits ??= new LockWaits(this);
    return this.#lockWaits;
  }

  get tables(): Tables {
    return this.#setup.tables;
  }

  get limits(): Limits {
    return this.#setup.limits;
  }

  get clock(): Clock {
    return this.#setup.clock;
  }

  /** The peer's calls that wait, wherever they do. */
  get waiting(): number {
    return this.queue.waiting + (this.#arrival?.waiting ?? 0) + (this.#lockWaits?.waiting ?? 0);
  }

  /** The results that are kept. */
  get kept(): number {
    return this.#results?.size ?? 0;
  }

  /** Runs the call now, later, or refuses it, so that calls of one target begin in the order of their arrival. */
  dispatch(call: WaitingCall): void {
    if (call.keep) {
      call.kept = this.results.begin(call.id as number);
      if (call.kept === undefined) {
        const { results } = this.limits;
        this.turnAway(call, new LimitExceeded("results", `more than limits.results (${results}) are kept here`));
        return;
      }
    }
    const { chain } = this.#setup.limits;
    if ((call.envelope?.depth ?? 0) > chain) {
      const message = `more than limits.chain (${chain}) calls above each other`;
      this.turnAway(call, new LimitExceeded("chain", message));
      return;
    }
    if (call.envelope?.deadline !== undefined) call.arrived = this.#setup.clock.now();
    if (this.#more === undefined) this.admit(call);
    else if (this.#arrival === undefined && Arrival.runsAtOnce(call)) this.admit(call);
    else this.arrival.arrived(call);
  }

  /**
   * Answers a call that was not run. The peer's own mistakes are not worth more than a debug line; what an application's class
   * threw when it was to take a state is.
   */
  refuse(call: Pick<WaitingCall, "id" | "method" | "wantsAnswer" | "kept">, error: unknown, dependency = false): void {
    const level = error instanceof PerspectiveBrokerError || dependency ? "debug" : levelOf(error);
    if (level !== undefined) this.#setup.log({ level, message: `a call of ${shown(call)} was refused`, error });
    const notRun = { dependency };
    if (call.wantsAnswer || call.kept?.pulled) this.#sendError(call.id, error, false, notRun);
    if (call.kept !== undefined) {
      call.kept.notRun = notRun;
      call.kept.settle({ error }, null); // after it, so that the error of what depends on it is known as its own
    }
    this.#close(call);
  }

  /** The same of one whose arguments are here: what came with it is given back first. `dependency`: a call failed that it needs. */
  turnAway(call: WaitingCall, error: unknown, dependency = false): void {
    this.#giveBack(call);
    this.refuse(call, error, dependency);
  }

  /** A call whose arguments cannot be decoded. */
  unreadable(id: RequestId, method: string, wants: number, error: unknown): void {
    const kept = (wants & Wants.keeping) === 0 ? undefined : this.results.begin(id as number);
    this.refuse({ id, method, wantsAnswer: (wants & Wants.answer) !== 0, kept }, error);
  }

  /** The caller does not wait for a call any more. */
  cancel(id: number): void {
    if (this.#arrival?.cancel(id) || this.queue.cancel(id)) return;
    if (this.#lockWaits?.cancel(id, new CallAborted(undefined, "no"))) return;
    this.#running?.get(id)?.abort(new CallAborted(undefined, "unknown"));
  }

  /** The peer searches for calls that wait for each other, and comes to one of its own. If that is not here any more, so be it. */
  probed(id: number, probe: Probe): void {
    const call = this.#running?.get(id) ?? this.#lockWaits?.find(id);
    if (call === undefined) return;
    this.#searches ??= new Searches(this.clock);
    this.#searches.goOn(call, probe);
  }

  /** The caller wants a result that was only to be kept. */
  pull(id: number): void {
    const kept = this.#results?.find(id);
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
    const kept = this.#results?.drop(id);
    if (kept !== undefined && !kept.sent) {
      kept.whenSettled(() => {
        if (!kept.sent && kept.outcome !== undefined && "value" in kept.outcome) {
          this.tables.exports.forgetUnsent(kept.outcome.value);
        }
      });
    }
  }

  /** The connection has ended: what runs goes on, but nobody hears of it. */
  end(reason: unknown): void {
    this.#ended = true;
    this.queue.clear();
    this.#arrival?.clear();
    this.#lockWaits?.clear();
    this.#results?.clear();
    this.aborts.end(reason);
  }

  /** It may run: now, or when there is a place for it. */
  admit(call: WaitingCall): void {
    if (this.queue.open) {
      this.#run(call);
    } else if (this.queue.add(call)) {
      if (call.received !== undefined) this.tables.imports.keep(call.received);
      // The peer may give the object back right after its last call: it must be there when the call's turn comes.
      call.pinned = call.to === "object" && call.object === undefined && this.tables.exports.pinOne(call.target);
    } else {
      this.turnAway(call, this.noRoom());
    }
  }

  noRoom(): LimitExceeded {
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
    const { tables, connection } = this.#setup;
    const { exports } = tables;
    const object = call.object ?? (call.to === "object" ? exports.find(call.target) : undefined);
    let missing: Error | undefined;
    if (object === undefined) {
      missing =
        call.to === "cache" ? tables.held.missing(call.target as number) : new NoSuchObject("Invalid Object ID");
    }
    if (call.cancelled || call.arrived !== undefined) missing ??= this.#tooLate(call);
    if (missing !== undefined) {
      this.turnAway(call, missing);
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
      this.turnAway(call, late);
      lock.leave(context);
    };
    if (!this.lockWaits.add(call, lock, context, begin)) this.turnAway(call, this.noRoom());
  }

  #begin(
    call: WaitingCall,
    object: Referenceable | Forwarding | undefined,
    context: Call,
    perspective: object | null,
    lock: Lock | undefined,
  ): void {
    const { store, interception } = this.#setup;
    if (call.received !== undefined) this.tables.imports.hold(call.received);
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
    if (this.#more !== undefined) {
      this.#running ??= new IdTable();
      this.#running.set(call.id as number, context);
    }
    const settled = () => {
      this.queue.running--;
      this.#running?.delete(call.id as number);
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
      if (call.received !== undefined) this.tables.imports.deliver(call.received);
      this.#run(call);
      if (call.pinned) this.tables.exports.unpin([call.target as number]);
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
    for (const cache of call.caches ?? []) this.tables.held.giveBack(cache);
    for (const value of call.args) Streams.giveBack(value);
  }

  #answered(received: readonly RemoteReference[] | undefined): void {
    if (received !== undefined) this.tables.imports.unhold(received);
  }

  #observed(call: WaitingCall): unknown {
    return this.tables.held.observed(call.target as number, call.method, call.args, call.keywords);
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
      if (call.kept === undefined) this.tables.exports.forgetUnsent(value);
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
    const setup = this.#setup;
    setup.onBehalfOf = context;
    try {
      setup.codec.sendAnswer(call.id, value, perspective);
      setup.written();
    } catch (error) {
      this.#sendError(call.id, unsendable(setup.log, `the result of ${shown(call)}`, error), false);
    } finally {
      setup.onBehalfOf = undefined;
    }
  }

  #failed(call: WaitingCall, error: unknown, later: boolean): void {
    logFailure(this.#setup.log, shown(call), error);
    if (!this.#ended && (call.wantsAnswer || call.kept?.pulled)) this.#sendError(call.id, error, later);
    call.kept?.settle({ error }, null);
    this.#close(call);
  }

  #sendError(id: RequestId, error: unknown, later: boolean, notRun?: { readonly dependency: boolean }): void {
    const { codec, log } = this.#setup;
    try {
      sendFailure(log, error, (sent) => codec.sendError(id, sent, later, notRun));
    } catch (hopeless) {
      this.#setup.failed(hopeless);
      return;
    }
    this.#setup.written();
  }
}

type AnyMethod = (...args: never[]) => unknown;

/** A name that the peer chose, fit for a line of a log. */
function shown({ method }: Pick<WaitingCall, "method">): string {
  return /^[\w$.-]{1,80}$/.test(method) ? method : JSON.stringify(method.slice(0, 80)).replace(/[\u007f-\u009f]/g, "?");
}

function isThenable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Promise || typeof (value as { then?: unknown }).then === "function";
}
