// The live reference: what the far side holds of an object. One reference per object and connection (`===`), however often it
// is received; views made by `with` share its target. Nothing here knows about wires.
import type { CloseReason } from "../errors.ts";
import type { Arguments, Callee, CallOptions, MethodName, RemoteProxy, ResultOf } from "../types.ts";
import { printedAs } from "../values/printed-as.ts";
import { withOptions } from "./call-options.ts";
import type { Target } from "./conversation.ts";
import { remoteProxy } from "./remote-proxy.ts";

// Kept off the type, so that references of two copies of the package are of one type.
const TARGET = Symbol("target");
const OPTIONS = Symbol("options");
const ORIGIN = Symbol("origin");

interface Internal {
  [TARGET]: Target;
  [OPTIONS]: CallOptions | undefined;
  [ORIGIN]: RemoteReference | undefined;
}

/**
 * A reference to an object that lives at the other side.
 *
 * It is given back with `release()` or `using`. What is forgotten is given back when it is collected, and everything when the
 * connection ends; a reference is never valid on another connection.
 */
// biome-ignore lint/suspicious/noExplicitAny: an untyped reference allows every name (see types.ts)
export class RemoteReference<T = any> {
  declare readonly "~pb": "remote";
  declare readonly "~pbTarget"?: T;

  static {
    printedAs(RemoteReference, (reference, nested) => `RemoteReference <${nested(targetOf(reference).id)}>`);
  }

  /** @internal References are made by a broker. */
  constructor(target: unknown, options?: CallOptions, origin?: RemoteReference<T>) {
    const self = this as unknown as Internal;
    self[TARGET] = target as Target;
    self[OPTIONS] = options;
    // Keeps the counted reference alive as long as a view on it is.
    self[ORIGIN] = origin;
  }

  /**
   * Calls the method `remote_name` over there and promises its result. Rejects with what the method threw (RemoteError, or a
   * registered class), DeadReferenceError, ConnectionLost, UnsendableError, LimitExceeded, CallTimeout or CallAborted.
   * If the result is a reference, it can be called before it is there: `ref.callRemote("getTwo").callRemote("three", 1)`.
   */
  callRemote<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): ResultOf<U, N>;
  callRemote(this: RemoteReference, name: string, ...args: unknown[]): unknown {
    const { [TARGET]: target, [OPTIONS]: options } = this as unknown as Internal;
    return target.conversation.call(target, name, args, options);
  }

  /** Calls without asking for an answer: nothing is known of how it went, or whether it arrived. */
  callRemoteOnly<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): void;
  callRemoteOnly(this: RemoteReference, name: string, ...args: unknown[]): void {
    const { [TARGET]: target, [OPTIONS]: options } = this as unknown as Internal;
    target.conversation.callOnly(target, name, args, options);
  }

  /**
   * A view on the same reference whose calls have these options; what is not given is taken over. It is the same reference
   * in every respect (`sameAs`, when sent), but disposing it does nothing.
   */
  with(options: CallOptions): RemoteReference<T> {
    const { [TARGET]: target, [OPTIONS]: own, [ORIGIN]: origin } = this as unknown as Internal;
    return new RemoteReference<T>(target, withOptions(own, options), origin ?? this);
  }

  /** The methods as methods: `ref.remote.three(12)`. */
  get remote(): RemoteProxy<T> {
    return remoteProxy(this) as RemoteProxy<T>;
  }

  /** Gives back one receipt; with the last one the reference is dead. Does nothing on a view, a name or a dead reference. */
  release(): void {
    const { [TARGET]: target, [ORIGIN]: origin } = this as unknown as Internal;
    if (origin === undefined) target.conversation.release(target, 1);
  }

  /** Gives back all receipts: the reference is dead. */
  releaseAll(): void {
    const { [TARGET]: target, [ORIGIN]: origin } = this as unknown as Internal;
    if (origin === undefined) target.conversation.release(target, target.receipts);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Whether both refer to the same object over the same connection. */
  sameAs(other: unknown): boolean {
    if (!(other instanceof RemoteReference)) return false;
    const mine = targetOf(this);
    const theirs = targetOf(other);
    return mine.conversation === theirs.conversation && mine.id === theirs.id;
  }

  /** Calls `fn` once when the connection ends. Disposing takes it back. Nothing happens if it has ended already. */
  onDisconnect(fn: (reason: CloseReason) => void): Disposable {
    return targetOf(this).conversation.onDisconnect(fn);
  }
}

/** The target of a reference or view. */
export function targetOf(reference: RemoteReference): Target {
  return (reference as unknown as Internal)[TARGET];
}
