// Checks of scenarios. Each throws Mismatch with what came and what was wanted.
import { setTimeout as pause } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";
import { RemoteError, type RemoteReference } from "perspective-broker";

class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** The same value of the same types all through: a list is no tuple, a Float no number, -0 not 0. */
export function equal(got: unknown, want: unknown, what = "value"): void {
  if (!isDeepStrictEqual(got, want)) throw new Mismatch(`${what}: got ${shown(got)}, wanted ${shown(want)}`);
}

/** One and the same object. */
export function same(got: unknown, want: unknown, what: string): void {
  if (got !== want) throw new Mismatch(`${what}: got ${shown(got)}, which is not the same as ${shown(want)}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Mismatch(what);
}

/** What a promise rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return error;
  }
  throw new Mismatch(`wanted an error, got the result ${shown(result)}`);
}

/** An error of the class; returns it. */
export function instance<E>(error: unknown, kind: abstract new (...args: any[]) => E): E {
  if (error instanceof kind) return error;
  throw new Mismatch(`wanted a ${kind.name}, got ${shown(error)}`);
}

/** A RemoteError of that type and message, without a traceback, that has itself and `parent` among its parents. */
export function remoteError(error: unknown, type: string, message: string, parent?: string): RemoteError {
  const remote = instance(error, RemoteError);
  equal(remote.type, type, "type");
  equal(remote.message, message, "message");
  equal(remote.remoteTraceback, "Traceback unavailable\n", "traceback");
  for (const name of parent === undefined ? [type] : [type, parent]) {
    holds(remote.parents.includes(name), `${name} is not among the parents ${shown(remote.parents)}`);
  }
  return remote;
}

/** Asks the server for a number until it is the wanted one, for about three seconds; `each` is done before each question. */
export async function settles(root: RemoteReference, method: string, want: number, what: string, each = () => {}) {
  let got: unknown;
  for (let attempt = 0; attempt < 120; attempt++) {
    each();
    got = await root.callRemote(method);
    if (got === want) return;
    await pause(25);
  }
  throw new Mismatch(`${what}: ${method} stays at ${shown(got)}, wanted ${want}`);
}

/** Waits, about three seconds, until something holds on this side. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt++) {
    if (condition()) return;
    await pause(25);
  }
  throw new Mismatch(what);
}

export function shown(value: unknown): string {
  const text =
    value instanceof Error
      ? `${value.name}: ${value.message}`
      : inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20 });
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
