// On whose behalf a call is made, and how long it may take: what its caller said, and what it takes over from the call that is
// running.
import { CallTimeout } from "../errors.ts";
import { type Activation, currentActivation } from "../flavors/activation.ts";
import type { CallOptions } from "../types.ts";
import type { Envelope, Trace } from "../wire/message.ts";
import { Call } from "./current-call.ts";
import { wellFormedTrace } from "./trace.ts";

/** What is to be observed while a call is waited for. */
export interface Errand {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  /** The call on whose behalf it is made. */
  readonly caller?: Activation | undefined;
  readonly trace?: Trace | undefined;
  /** Why it need not be made. */
  readonly problem?: Error | undefined;
}

/** Undefined if there is nothing to observe. */
export function errandOf(options: CallOptions | undefined): Errand | undefined {
  const given: unknown = options?.call;
  if (given !== undefined && !(given instanceof Call)) {
    return { problem: new TypeError("call: must be what currentCall() has given") };
  }
  const caller = given ?? currentActivation();
  const call = caller?.outer instanceof Call ? caller.outer : undefined;
  const { signal, timeout = Number.POSITIVE_INFINITY } = options ?? NO_OPTIONS;
  const trace = wellFormedTrace(options?.trace) ?? call?.trace;
  if (call === undefined) {
    if (options === undefined && caller === undefined) return undefined;
    return { signal, timeout: options?.timeout, caller, trace };
  }
  const { remaining } = call;
  const left = Math.min(timeout, remaining);
  const problem =
    remaining > 0 ? undefined : new CallTimeout("the deadline of the call that this one is made for is over", "no");
  return { signal, timeout: left === Number.POSITIVE_INFINITY ? undefined : left, caller, trace, problem };
}

const NO_OPTIONS: CallOptions = {};

/** A call without an answer has no chain: nobody waits for it, so it enters no lock that others of its chain hold. */
export function envelopeFor(errand: Errand | undefined, answered: boolean): Envelope | undefined {
  if (errand === undefined) return undefined;
  const { caller, timeout, trace } = errand;
  if (caller === undefined && timeout === undefined && trace === undefined) return undefined;
  const deadline = timeout === undefined ? undefined : Math.ceil(timeout);
  if (caller === undefined || !answered) {
    return deadline === undefined && trace === undefined ? undefined : { deadline, trace };
  }
  return { deadline, trace, chain: caller.chain, depth: caller.depth + 1 };
}
