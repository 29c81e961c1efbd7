// Calls of an object of this process, in the words of a reference: asynchronous and in order, but nothing is copied. Where the
// object takes one call at a time, such a call waits for its turn like those from elsewhere.
import { CallAborted, CallTimeout, type DeadlockError, type Executed } from "../errors.ts";
import type { Abortable } from "../platform/aborts.ts";
import { systemClock } from "../platform/clock.ts";
import type { Expiring } from "../platform/deadlines.ts";
import { waitWith } from "../platform/patience.ts";
import { withOptions } from "../references/call-options.ts";
import { pending, type RemoteResult } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import { type Activation, type Branch, close, currentActivation, following, open, untilAwait } from "./activation.ts";
import { type Chain, newChain } from "./chain.ts";
import { Lock, type LockWaiter } from "./lock.ts";

/** What is called: a Referenceable. */
export interface LocalCallee {
  remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown;
  synchronizedOn(message: string): object | undefined;
}

export function callLocally(
  object: LocalCallee,
  name: string,
  args: unknown[],
  options: CallOptions | undefined,
): RemoteResult<unknown> {
  return start(object, name, args, options, true);
}

/** What becomes of it is not known. */
export function callOnlyLocally(object: LocalCallee, name: string, args: unknown[], options?: CallOptions): void {
  start(object, name, args, options && { call: options.call }, false).then(undefined, () => {});
}

/** What `with` gives. */
export class LocalView {
  readonly #object: LocalCallee;
  readonly #options: CallOptions;

  constructor(object: LocalCallee, options: CallOptions) {
    this.#object = object;
    this.#options = options;
  }

  callRemote(name: string, ...args: unknown[]): RemoteResult<unknown> {
    return callLocally(this.#object, name, args, this.#options);
  }

  callRemoteOnly(name: string, ...args: unknown[]): void {
    callOnlyLocally(this.#object, name, args, this.#options);
  }

  with(options: CallOptions): LocalView {
    return new LocalView(this.#object, withOptions(this.#options, options));
  }
}

function start(
  object: LocalCallee,
  name: string,
  args: unknown[],
  options: CallOptions | undefined,
  awaited: boolean,
): RemoteResult<unknown> {
  const { result, resolve, reject } = pending<unknown>();
  if (options?.signal?.aborted) {
    reject(new CallAborted(options.signal.reason, "no"));
    return result;
  }
  const last = args.at(-1);
  const keywords = last instanceof Keywords ? last : undefined;
  const positional = keywords === undefined ? args : args.slice(0, -1);
  const message = { object, name, args: positional, keywords };
  const owner = object.synchronizedOn(name);
  const turn = owner === undefined ? undefined : new Turn(message, callerFrom(options), awaited, resolve, reject);
  const limited = options?.signal !== undefined || options?.timeout !== undefined;
  const stop = limited ? limit(options, reject, name, turn) : () => {};
  turn?.whenSettled(stop);
  queueMicrotask(() => {
    if (turn !== undefined) turn.start(Lock.of(owner as object));
    else receive(message, resolve, reject, stop);
  });
  return result;
}

interface Message {
  readonly object: LocalCallee;
  readonly name: string;
  readonly args: unknown[];
  readonly keywords: Keywords | undefined;
}

function receive(
  { object, name, args, keywords }: Message,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
  settled: () => void,
): void {
  try {
    Promise.resolve(object.remoteMessageReceived(name, args, keywords))
      .then(resolve, reject)
      .finally(settled);
  } catch (error) {
    settled();
    reject(error);
  }
}

/** A call of an object that takes one call at a time. */
class Turn implements Activation, Branch, LockWaiter {
  waitsFor: Lock | undefined;
  branches: Branch[] | undefined;
  place = -1;
  readonly #message: Message;
  readonly #caller: Activation | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #settled = (): void => {};
  #chain: Chain | undefined;
  #lock: Lock | undefined;
  #state: "new" | "waiting" | "running" | "given up" = "new";

  /** `awaited`: its caller waits for it. */
  constructor(
    message: Message,
    caller: Activation | undefined,
    awaited: boolean,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#message = message;
    this.#caller = caller;
    this.#resolve = resolve;
    this.#reject = reject;
    if (awaited && caller !== undefined) open(caller, this);
  }

  get activation(): Activation {
    return this;
  }

  get chain(): Chain {
    this.#chain ??= this.#caller?.chain ?? newChain();
    return this.#chain;
  }

  get depth(): number {
    return this.#caller === undefined ? 0 : this.#caller.depth + 1;
  }

  get outer(): Activation | undefined {
    return this.#caller?.outer;
  }

  callers(): readonly Activation[] {
    return this.#caller === undefined || this.place < 0 ? [] : [this.#caller];
  }

  pass(): void {}

  whenSettled(fn: () => void): void {
    this.#settled = fn;
  }

  start(lock: Lock): void {
    if (this.#state === "given up") return;
    this.#lock = lock;
    if (lock.enter(this)) {
      this.begin();
      return;
    }
    this.#state = "waiting";
    lock.wait(this, systemClock);
  }

  begin(): void {
    this.#state = "running";
    const over = () => this.#over();
    (following ?? untilAwait).run(this, receive, undefined, [this.#message, this.#resolve, this.#reject, over]);
  }

  refuse(error: DeadlockError): void {
    this.#over();
    this.#reject(error);
  }

  /** Its caller does not wait any more. Returns what is known of its execution. */
  giveUp(): Executed {
    if (this.#caller !== undefined) close(this.#caller, this);
    if (this.#state === "running") return "unknown";
    this.#lock?.withdraw(this);
    this.#state = "given up";
    return "no";
  }

  #over(): void {
    if (this.#caller !== undefined) close(this.#caller, this);
    this.#settled();
    this.#lock?.leave(this);
  }
}

/** On whose behalf a call is made. */
function callerFrom(options: CallOptions | undefined): Activation | undefined {
  const given: object | undefined = options?.call;
  return isActivation(given) ? given : currentActivation();
}

function isActivation(call: object | undefined): call is Activation {
  return typeof (call as Partial<Activation> | undefined)?.callers === "function";
}

/** Rejects when the time is over or the signal fires; the returned function ends that. */
function limit(
  options: CallOptions,
  reject: (error: unknown) => void,
  name: string,
  turn: Turn | undefined,
): () => void {
  const give = (error: (executed: Executed) => Error) => {
    stop();
    reject(error(turn === undefined ? "unknown" : turn.giveUp()));
  };
  const entry: Abortable & Expiring = {
    aborted: (reason) => give((executed) => new CallAborted(reason, executed)),
    expired: () => give((executed) => new CallTimeout(`${name}: no answer within ${options.timeout} ms`, executed)),
  };
  const stop = waitWith(options, entry, systemClock);
  return stop;
}
