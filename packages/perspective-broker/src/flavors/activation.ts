// The calls that run here, and who waits for whom among them: what locks are owned by, and what a search for a deadlock goes
// along. A call from elsewhere is one, and a call of an object of this process that takes one call at a time.
import { platform } from "#platform";
import type { ContextStore } from "../platform/platform.ts";
import type { Chain } from "./chain.ts";
import type { Lock } from "./lock.ts";
import type { Probe } from "./probe.ts";

/** One call, from the moment when it could begin. */
export interface Activation {
  readonly chain: Chain;
  /** How many calls are above it in its chain. */
  readonly depth: number;
  /** The call from elsewhere that it is part of, or is: what `currentCall()` gives. */
  readonly outer: Activation | undefined;
  /** The lock that it waits for. */
  waitsFor: Lock | undefined;
  /** The calls that it has made and that are not answered. */
  branches: Branch[] | undefined;
  /** The calls here that wait for it, as far as that is certain; without those that `covered` says were given already. */
  callers(covered: Covered): readonly Activation[];
}

/**
 * On the way up a chain: the connections whose calls were looked through, up to which number. So the way costs as much as the
 * chain is deep, and not its square.
 */
export type Covered = Map<object, number>;

/** A call that was made on behalf of another one, which waits for it. */
export interface Branch {
  /** Its place in the list of its caller; -1 if it is in none. */
  place: number;
  /** The call as it runs here. */
  readonly activation: Activation | undefined;
  /** If it runs elsewhere: the search goes on there. */
  pass(probe: Probe): void;
}

/** `caller` waits for `branch` from now on. */
export function open(caller: Activation, branch: Branch): void {
  caller.branches ??= [];
  branch.place = caller.branches.push(branch) - 1;
}

/** It waits no more. */
export function close(caller: Activation, branch: Branch): void {
  const { branches } = caller;
  if (branches === undefined || branch.place < 0) return;
  const last = branches.pop() as Branch;
  if (last !== branch) {
    branches[branch.place] = last;
    last.place = branch.place;
  }
  branch.place = -1;
}

/** The calls that wait for `call`, over however many in between; up to the beginning of its chain. */
export function above(call: Activation): ReadonlySet<Activation> {
  const covered: Covered = new Map();
  const found = new Set(call.callers(covered));
  for (const one of found) for (const caller of one.callers(covered)) found.add(caller);
  return found;
}

/** Whether one of them is `caller`. */
export function isAbove(caller: Activation, call: Activation): boolean {
  const covered: Covered = new Map();
  const seen = new Set([call]);
  for (const one of seen) {
    const callers = one.callers(covered);
    if (callers.includes(caller)) return true;
    for (const next of callers) seen.add(next);
  }
  return false;
}

/** Runs functions so that what they call is known to be on behalf of a call. */
export type ActivationStore = Pick<ContextStore<Activation | undefined>, "run">;

/** Follows `await`; undefined where the runtime has nothing that does. */
export const following: ContextStore<Activation | undefined> | undefined = platform.asyncContext?.<
  Activation | undefined
>();
let running: Activation | undefined;

/** Valid until the first `await`, and next to free. */
export const untilAwait: ActivationStore = {
  run(activation, fn, self, args) {
    // A connection that was opened inside of a call is told of its bytes in that call's context: it is not this one's.
    if (following?.current() !== undefined)
      return following.run(undefined, untilAwait.run, untilAwait, [activation, fn, self, args]);
    const outer = running;
    running = activation;
    try {
      return Reflect.apply(fn, self, args);
    } finally {
      running = outer;
    }
  },
};

/** The call that is running, if one is. */
export function currentActivation(): Activation | undefined {
  return running ?? following?.current();
}
