// Functions of the application around calls, in and out: `onCall(call, next)`. Where there are none, and nobody listens to the
// channels of diagnostics.ts, calls do not come here.
import { CallAborted, CallTimeout } from "../errors.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import type { Clock } from "../platform/clock.ts";
import { waitWith } from "../platform/patience.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import { type Callee, type Outcome, pending, RemoteResult, rejected } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import type { Trace } from "../wire/message.ts";
import { Call, type CallConnection, runningCallIfAny } from "./current-call.ts";
import { isTraced, tracedIn, tracedOut, tracedOutOnly } from "./diagnostics.ts";
import type { WaitingCall } from "./inbound.ts";
import type { Log } from "./log.ts";
import { Forwarding } from "./results.ts";
import { wellFormedTrace } from "./trace.ts";

/**
 * A function around calls. It returns what the call is to result in: what `next()` gave, or something else. Calls out can be
 * called through before their result is there if it returns the very promise that `next()` gave.
 */
export type CallInterceptor<C extends CallConnection = CallConnection> = (
  call: InterceptedCall<C>,
  next: NextCall,
) => unknown;

/**
 * Goes on with the call, with other arguments if they are given, and promises its result: for a stream, what can be iterated.
 * Can be called once; an interceptor that does not call it answers in the call's place.
 */
export type NextCall = (args?: readonly unknown[]) => Promise<unknown>;

/** A call on its way to the peer (`out`), or from it (`in`). */
export type InterceptedCall<C extends CallConnection = CallConnection> = CallOut<C> | CallIn<C>;

interface CallEitherWay<C extends CallConnection> {
  readonly connection: C;
  /** The method's name, without prefix. */
  readonly method: string;
  /** The arguments, with the Keywords last if there are any; after `next(args)` those. */
  readonly args: readonly unknown[];
  /** Whether anybody will hear of the result. */
  readonly wantsAnswer: boolean;
  /** The application's, for the time of this call. */
  readonly storage: Map<unknown, unknown>;
  /** Calls `fn` when the call has ended, without taking its result: whatever can be done with its promise can still be done. */
  onSettled(fn: (outcome: CallOutcome) => void): void;
}

export interface CallOut<C extends CallConnection = CallConnection> extends CallEitherWay<C> {
  readonly direction: "out";
  /** The reference that is called; undefined if it is the result of a call that is not answered yet. */
  readonly target: RemoteReference | undefined;
  /** The call of a peer on whose behalf this one is made. */
  readonly context: Call<C> | undefined;
  /** The trace context that travels with it (W3C). Set before `next()`; what is malformed is dropped. */
  get trace(): Trace | undefined;
  set trace(trace: CallOptions["trace"]);
}

export interface CallIn<C extends CallConnection = CallConnection> extends CallEitherWay<C> {
  readonly direction: "in";
  /** The object that is called; undefined if it is elsewhere, and the call is only passed on. */
  readonly target: object | undefined;
  /** The call as `currentCall()` gives it; its `storage` is the same. */
  readonly context: Call<C>;
  /** The trace context that the caller sent; what is set here is taken over by the calls that are made for this one. */
  get trace(): Trace | undefined;
  set trace(trace: CallOptions["trace"]);
}

/** How a call ended. `unasked`: nobody asked for its result. */
export type CallOutcome = Outcome;

export interface InterceptionSetup {
  readonly interceptors: readonly CallInterceptor[];
  readonly connection: CallConnection;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is called, where it is not for the wire. */
export interface Sending {
  readonly method: string;
  readonly args: unknown[];
  readonly options: CallOptions | undefined;
  readonly target: RemoteReference | undefined;
  /** Keeps the target until the returned function is called. */
  readonly hold: () => () => void;
}

/** Puts a call on the wire. Does not throw. */
type Send = (args: unknown[], options: CallOptions) => RemoteResult<unknown>;
type SendOnly = (args: unknown[], options: CallOptions) => void;

/** What the calls of one connection go through. */
export class Interception {
  readonly #setup: InterceptionSetup;
  #passing = false;

  constructor(setup: InterceptionSetup) {
    this.#setup = setup;
  }

  /** Whether there is anybody to intercept calls, or to trace them. */
  static isWanted({ interceptors }: Pick<InterceptionSetup, "interceptors">): boolean {
    return interceptors.length > 0 || isTraced();
  }

  /** Whether calls have to come here now. */
  get active(): boolean {
    return !this.#passing && Interception.isWanted(this.#setup);
  }

  /** A call of the peer's that begins, in its context. */
  callIn(received: WaitingCall, context: Call, object: Referenceable | Forwarding): unknown {
    const { interceptors } = this.#setup;
    const target = object instanceof Forwarding ? undefined : object.answeringObject();
    const call = new Arriving(received, context, target, this.#setup.log);
    return tracedIn(call, () => {
      if (interceptors.length === 0) {
        return object.remoteMessageReceived(received.method, received.args, received.keywords);
      }
      const last = (args: readonly unknown[]) => {
        const end = args[args.length - 1];
        const keywords = end instanceof Keywords ? end : undefined;
        const positional = keywords === undefined ? args : args.slice(0, -1);
        return object.remoteMessageReceived(received.method, positional as unknown[], keywords);
      };
      return settling(call, () => intercepted(interceptors, call, last, promised));
    });
  }

  /** A call that is made here. */
  callOut(sending: Sending, send: Send): RemoteResult<unknown> {
    const { interceptors, clock, connection, log } = this.#setup;
    const call = new Leaving(connection, sending, true, log);
    const { signal, timeout } = sending.options ?? NO_OPTIONS;
    const start = clock.now();
    let given: Error | undefined;
    let stop = nothing;
    let letGo = nothing;
    const last = (args: readonly unknown[]) => {
      if (given !== undefined) return rejected(given);
      stop();
      const result = tracedOut(call, () => send(args as unknown[], call.leave(clock.now() - start)));
      letGo();
      return result;
    };
    if (interceptors.length === 0) return last(sending.args);

    // The results that interceptors were given; whatever they do with them, the caller has another one.
    let all: RemoteResult<unknown>[] | undefined = [];
    const adopt = (make: () => unknown) => {
      const inner = adopted(make);
      if (all !== undefined) all.push(inner);
      else ignored(inner);
      return inner;
    };
    const { result, reject } = adoptedWith(() => intercepted(interceptors, call, last, adopt));
    for (const inner of all) if (inner !== result) ignored(inner);
    all = undefined;
    RemoteResult.observe(result, (outcome) => {
      stop();
      letGo();
      call.settled(outcome);
    });
    if (reject === undefined || call.left) return result;
    letGo = once(sending.hold());
    if (signal === undefined && timeout === undefined) return result;
    // Until the call is made, its signal and timeout are for what the interceptors do before.
    const giveUp = (error: Error) => {
      given = error;
      stop();
      reject(error);
    };
    const entry = {
      aborted: (reason: unknown) => giveUp(new CallAborted(reason, "no")),
      expired: () => giveUp(new CallTimeout(`${call.method}: no interceptor sent it in time`, "no")),
    };
    stop = once(waitWith({ signal: signal?.aborted ? undefined : signal, timeout }, entry, clock));
    return result;
  }

  /** A call that is made here and wants no answer. */
  callOutOnly(sending: Sending, send: SendOnly): void {
    const { interceptors, connection, log } = this.#setup;
    const call = new Leaving(connection, sending, false, log);
    let letGo = nothing;
    const last = (args: readonly unknown[]): undefined => {
      tracedOutOnly(call, () => send(args as unknown[], call.leave(0)));
      letGo();
    };
    if (interceptors.length === 0) {
      last(sending.args);
      return;
    }
    const over = promised(() => intercepted(interceptors, call, last, promised));
    if (!call.left) letGo = once(sending.hold());
    over.then(
      () => {
        letGo();
        call.settled({ status: "unasked" });
      },
      (error) => {
        letGo();
        const message = `an interceptor failed at the call of ${String(sending.method)} without an answer`;
        log({ level: "warn", message, error });
        call.settled({ status: "rejected", reason: error });
      },
    );
  }

  /** A call of what `parent` will result in. `send` gives undefined if that is there by now, or has failed. */
  callThrough(
    parent: RemoteResult<unknown>,
    method: string,
    args: unknown[],
    send: (args: unknown[], options: CallOptions) => RemoteResult<unknown> | undefined,
  ): RemoteResult<unknown> {
    RemoteResult.opened(parent);
    const there = (given: unknown[], options: CallOptions) =>
      RemoteResult.through(parent, (callee) => this.#past(() => seen(callee, options).callRemote(method, ...given)));
    const sending: Sending = { method, args, options: undefined, target: undefined, hold: holdsNothing };
    const result = this.callOut(sending, (given, options) => send(given, options) ?? there(given, options));
    RemoteResult.observe(result, () => RemoteResult.closed(parent));
    return result;
  }

  /** The same without an answer; `send` gives false. */
  callThroughOnly(
    parent: RemoteResult<unknown>,
    method: string,
    args: unknown[],
    send: (args: unknown[], options: CallOptions) => boolean,
  ): void {
    const sending: Sending = { method, args, options: undefined, target: undefined, hold: holdsNothing };
    this.callOutOnly(sending, (given, options) => {
      if (send(given, options)) return;
      const call = (callee: Callee) => this.#past(() => seen(callee, options).callRemoteOnly(method, ...given));
      ignored(RemoteResult.through(parent, call));
    });
  }

  /** The calls of `make` have been here already. */
  #past(make: () => unknown): unknown {
    this.#passing = true;
    try {
      return make();
    } finally {
      this.#passing = false;
    }
  }
}

/** What both kinds of calls have. */
abstract class Intercepted {
  readonly connection: CallConnection;
  readonly method: string;
  args: readonly unknown[];
  readonly wantsAnswer: boolean;
  readonly #log: Log;
  #listeners: ((outcome: CallOutcome) => void)[] = [];

  constructor(connection: CallConnection, method: string, args: readonly unknown[], wantsAnswer: boolean, log: Log) {
    this.connection = connection;
    this.method = method;
    this.args = args;
    this.wantsAnswer = wantsAnswer;
    this.#log = log;
  }

  onSettled(fn: (outcome: CallOutcome) => void): void {
    this.#listeners.push(fn);
  }

  settled(outcome: CallOutcome): void {
    for (const fn of this.#listeners) {
      try {
        fn(outcome);
      } catch (error) {
        this.#log({ level: "error", message: "a listener of onSettled failed", error });
      }
    }
  }
}

class Leaving extends Intercepted implements CallOut {
  readonly direction = "out";
  readonly target: RemoteReference | undefined;
  readonly context: Call | undefined;
  /** It was handed on: nothing can be changed any more. */
  left = false;
  readonly #options: CallOptions | undefined;
  #trace: Trace | undefined;
  #storage: Map<unknown, unknown> | undefined;

  constructor(connection: CallConnection, { method, args, options, target }: Sending, wantsAnswer: boolean, log: Log) {
    super(connection, method, args, wantsAnswer, log);
    this.target = target;
    this.#options = options;
    this.context = options?.call instanceof Call ? options.call : runningCallIfAny();
    this.#trace = wellFormedTrace(options?.trace) ?? this.context?.trace;
  }

  get trace(): Trace | undefined {
    return this.#trace;
  }

  set trace(trace: CallOptions["trace"]) {
    if (this.left) throw new TypeError("trace: can be set before next() only");
    this.#trace = wellFormedTrace(trace);
  }

  get storage(): Map<unknown, unknown> {
    this.#storage ??= new Map();
    return this.#storage;
  }

  /** It is handed on, after so many milliseconds: its options. The context is known here, and perhaps nowhere else any more. */
  leave(waited: number): CallOptions {
    this.left = true;
    const { call = this.context, timeout, signal } = this.#options ?? NO_OPTIONS;
    return { signal, timeout: timeout && Math.max(1, timeout - waited), call, trace: this.#trace };
  }
}

class Arriving extends Intercepted implements CallIn {
  readonly direction = "in";
  readonly target: object | undefined;
  readonly context: Call;

  constructor(received: WaitingCall, context: Call, target: object | undefined, log: Log) {
    const { method, args, keywords, wantsAnswer, keep } = received;
    super(context.connection, method, keywords ? [...args, keywords] : args, wantsAnswer || keep, log);
    this.target = target;
    this.context = context;
  }

  get trace(): Trace | undefined {
    return this.context.trace;
  }

  set trace(trace: CallOptions["trace"]) {
    this.context.retrace(wellFormedTrace(trace));
  }

  get storage(): Map<unknown, unknown> {
    return this.context.storage;
  }
}

/** Runs interceptors, the outermost first, around `last`; `promise` makes of what one of them returns what `next` gives. */
function intercepted(
  interceptors: readonly CallInterceptor[],
  call: Leaving | Arriving,
  last: (args: readonly unknown[]) => unknown,
  promise: (make: () => unknown) => Promise<unknown>,
): unknown {
  const from = (i: number, args: readonly unknown[]): unknown => {
    call.args = args;
    const interceptor = interceptors[i];
    if (interceptor === undefined) return last(args);
    let called = false;
    return interceptor(call, (changed = args) => {
      if (called) throw new TypeError("next() was called twice");
      if (!Array.isArray(changed)) throw new TypeError("next() takes a list of arguments, or nothing");
      called = true;
      return promise(() => from(i + 1, changed));
    });
  };
  return from(0, call.args);
}

/** Tells the call how what `make` does ends. */
function settling(call: Arriving, make: () => unknown): unknown {
  let result: unknown;
  try {
    result = make();
  } catch (reason) {
    call.settled({ status: "rejected", reason });
    throw reason;
  }
  if (!isThenable(result)) {
    call.settled({ status: "fulfilled", value: result });
    return result;
  }
  const promise = Promise.resolve(result);
  promise.then(
    (value) => call.settled({ status: "fulfilled", value }),
    (reason) => call.settled({ status: "rejected", reason }),
  );
  return promise;
}

/** A promise of what `make` returns. That nobody looks at it is no failure of the program: the interceptor has answered. */
function promised(make: () => unknown): Promise<unknown> {
  let promise: Promise<unknown>;
  try {
    promise = Promise.resolve(make());
  } catch (error) {
    promise = Promise.reject(error);
  }
  promise.catch(nothing);
  return promise;
}

/** The promise of a call itself, or one of whatever else `make` returns. */
function adopted(make: () => unknown): RemoteResult<unknown> {
  return adoptedWith(make).result;
}

/** With a way to reject it, if it is one of its own that is not there yet. */
function adoptedWith(make: () => unknown): { result: RemoteResult<unknown>; reject?: (error: unknown) => void } {
  let returned: unknown;
  try {
    returned = make();
  } catch (error) {
    return { result: rejected(error) };
  }
  if (returned instanceof RemoteResult) return { result: returned };
  const { result, resolve, reject } = pending<unknown>();
  const fulfil = (value: unknown) => {
    RemoteResult.settle(result, value);
    resolve(value);
  };
  if (!isThenable(returned)) {
    fulfil(returned);
    return { result };
  }
  returned.then(fulfil, reject);
  return { result, reject };
}

function ignored(result: RemoteResult<unknown>): void {
  RemoteResult.watch(result, nothing, nothing);
}

/** What is called, with options where it can have some. */
function seen(callee: Callee, options: CallOptions): Callee {
  return callee instanceof RemoteReference ? callee.with(options) : callee;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

function once(fn: () => void): () => void {
  let done = false;
  return () => {
    if (!done) fn();
    done = true;
  };
}

const NO_OPTIONS: CallOptions = {};
const nothing = (): void => {};
const holdsNothing = (): (() => void) => nothing;
