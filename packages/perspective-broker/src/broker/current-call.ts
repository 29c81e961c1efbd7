// Who is calling: `currentCall()` in a remote method. Its store is chosen by connection: one that follows `await`, where the
// runtime has one, or one that is valid until the first `await` and costs next to nothing.

import { platform } from "#platform";
import { NoCurrentCall } from "../errors.ts";
import type { ContextStore } from "../platform/platform.ts";

/** A connection, as the call context shows it. Its own class adds the rest. */
export interface CallConnection {
  readonly peer: unknown;
}

/** One call of the peer, while it runs. */
export class Call<C extends CallConnection = CallConnection> {
  readonly connection: C;
  /** The method's name, without prefix. */
  readonly method: string;
  /** The caller's avatar, in methods of an avatar or a view; null elsewhere. */
  readonly avatar: object | null;
  /**
   * Who the caller logged in as, as the checker said: usually the user's name. Undefined without an avatar, and in methods of a
   * view where different principals were given the same avatar.
   */
  readonly principal: unknown;
  readonly #abort: CallAborts;
  #storage: Map<unknown, unknown> | undefined;

  constructor(connection: C, method: string, abort: CallAborts, avatar: object | null, principal: unknown) {
    this.connection = connection;
    this.method = method;
    this.#abort = abort;
    this.avatar = avatar;
    this.principal = principal;
  }

  /** Who is at the other end of the connection. */
  get peer(): C["peer"] {
    return this.connection.peer;
  }

  /** Fires when nobody waits for the answer any more: the connection has ended. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The application's, for the time of this call. */
  get storage(): Map<unknown, unknown> {
    this.#storage ??= new Map();
    return this.#storage;
  }
}

/** One signal for all calls of a connection, made when it is first asked for. */
export class CallAborts {
  #controller: AbortController | undefined;
  #reason: unknown;
  #aborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      platform.manyListeners(this.#controller.signal); // each of the calls may listen
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** Runs methods so that `currentCall()` knows their call. */
export type CallStore = Pick<ContextStore<Call | undefined>, "run">;

const following: ContextStore<Call | undefined> | undefined = platform.asyncContext?.<Call | undefined>();
let running: Call | undefined;

const untilAwait: CallStore = {
  run(call, fn, self, args) {
    // A connection that was opened inside of a call is told of its bytes in that call's context: it is not this one's.
    if (following?.current() !== undefined)
      return following.run(undefined, untilAwait.run, untilAwait, [call, fn, self, args]);
    const outer = running;
    running = call;
    try {
      return Reflect.apply(fn, self, args);
    } finally {
      running = outer;
    }
  },
};

/** The store for an option; `async` is the default where there is one. */
export function callStore(context: "async" | "sync" | undefined): CallStore {
  if (context === "sync") return untilAwait;
  if (following !== undefined) return following;
  if (context === "async") throw new TypeError('context: "async" needs a runtime with AsyncLocalStorage');
  return untilAwait;
}

/** The call that is running. Throws NoCurrentCall outside of one, or after an `await` with `context: "sync"`. */
export function runningCall(): Call {
  const call = running ?? following?.current();
  if (call !== undefined) return call;
  throw new NoCurrentCall(
    'there is no current call here (with context: "sync" it is known until the first await only)',
  );
}
