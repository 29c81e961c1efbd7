// How the owner of a Cacheable reaches one copy of it: calls `observe_` methods over there, in order with everything else.
import type { Arguments, Callee, MethodName, Observed } from "../types.ts";
import type { RemoteResult } from "./remote-result.ts";

/** What an observer needs of the broker. */
export interface ObserverConversation {
  callObserver(observer: Observer, method: string, args: unknown[]): RemoteResult<unknown>;
  callObserverOnly(observer: Observer, method: string, args: unknown[]): void;
}

const CONVERSATION = Symbol("conversation");

/** One copy of a Cacheable at the other side. The same object for the life of the copy, so observers are compared by `===`. */
// biome-ignore lint/suspicious/noExplicitAny: an untyped observer allows every name
export class Observer<Copy = any> {
  declare readonly "~pb": "observer";
  declare readonly "~pbTarget"?: Copy;

  /** @internal Made by a broker. */
  constructor(conversation: unknown) {
    internal(this)[CONVERSATION] = conversation as ObserverConversation;
  }

  /** Calls `observe_name` on the copy. Rejects with DeadReferenceError once the copy is gone. */
  callRemote<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): Promise<Observed<U, N>>;
  callRemote(this: Observer, name: string, ...args: unknown[]): Promise<unknown> {
    return internal(this)[CONVERSATION].callObserver(this, name, args);
  }

  /** Calls `observe_name` on the copy without asking for an answer. */
  callRemoteOnly<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): void;
  callRemoteOnly(this: Observer, name: string, ...args: unknown[]): void {
    internal(this)[CONVERSATION].callObserverOnly(this, name, args);
  }
}

interface Internal {
  [CONVERSATION]: ObserverConversation;
}

// The symbol is kept off the type, as in remote-reference.ts.
function internal(observer: Observer): Internal {
  return observer as unknown as Internal;
}
