// What Node's diagnostics_channel is told, where there is one. The channels of calls are nearest to the wire: calls out as the
// interceptors have left them, calls in before these see them. Without a subscriber nothing is made.
import { platform } from "#platform";
import type { CloseReason } from "../errors.ts";
import { type Outcome, RemoteResult } from "../references/remote-result.ts";
import type { CallConnection } from "./current-call.ts";
import type { InterceptedCall } from "./interceptors.ts";

/** The message of `tracing:perspective-broker:call:*`, one object for all events of a call. */
export interface CallMessage<C extends CallConnection = CallConnection> {
  readonly call: InterceptedCall<C>;
  /** What it resulted in, at the end. */
  result?: unknown;
  /** What it failed with. */
  error?: unknown;
}

/** The message of `perspective-broker:connection:open` and `perspective-broker:connection:close`. */
export interface ConnectionMessage<C extends CallConnection = CallConnection> {
  readonly connection: C;
  /** Why it has ended. */
  readonly reason?: CloseReason;
}

const calls = platform.diagnostics?.tracing("perspective-broker:call");
const opened = platform.diagnostics?.channel("perspective-broker:connection:open");
const closed = platform.diagnostics?.channel("perspective-broker:connection:close");

/** Whether somebody wants to know of calls now. */
export function isTraced(): boolean {
  return calls?.hasSubscribers === true;
}

/** A call out; `send` gives its promise and does not throw. The promise stays the very one. */
export function tracedOut(call: InterceptedCall, send: () => RemoteResult<unknown>): RemoteResult<unknown> {
  if (calls === undefined || !calls.hasSubscribers) return send();
  const message: CallMessage = { call };
  const result = calls.start.runStores(message, send);
  calls.end.publish(message);
  RemoteResult.observe(result, (outcome) => ended(message, outcome));
  return result;
}

/** A call out without an answer. */
export function tracedOutOnly(call: InterceptedCall, send: () => void): void {
  if (calls === undefined || !calls.hasSubscribers) {
    send();
    return;
  }
  const message: CallMessage = { call };
  calls.start.runStores(message, send);
  calls.end.publish(message);
}

/** A call in; `run` may throw, or return a promise. */
export function tracedIn(call: InterceptedCall, run: () => unknown): unknown {
  if (calls === undefined || !calls.hasSubscribers) return run();
  const message: CallMessage = { call };
  let result: unknown;
  try {
    result = calls.start.runStores(message, run);
  } catch (error) {
    message.error = error;
    calls.error.publish(message);
    calls.end.publish(message);
    throw error;
  }
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== "function") {
    message.result = result;
    calls.end.publish(message);
    return result;
  }
  calls.end.publish(message);
  const promise = Promise.resolve(result);
  promise.then(
    (value) => ended(message, { status: "fulfilled", value }),
    (reason) => ended(message, { status: "rejected", reason }),
  );
  return promise;
}

export function connectionOpened(connection: CallConnection): void {
  if (opened?.hasSubscribers) opened.publish({ connection } satisfies ConnectionMessage);
}

export function connectionClosed(connection: CallConnection, reason: CloseReason): void {
  if (closed?.hasSubscribers) closed.publish({ connection, reason } satisfies ConnectionMessage);
}

function ended(message: CallMessage, outcome: Outcome): void {
  if (outcome.status === "fulfilled") message.result = outcome.value;
  if (outcome.status === "rejected") {
    message.error = outcome.reason;
    calls?.error.publish(message);
  }
  calls?.asyncStart.publish(message);
  calls?.asyncEnd.publish(message);
}
