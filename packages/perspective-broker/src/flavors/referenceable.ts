// The object that stays where it is: the other side gets a reference and calls its `remote_` methods (spec §6.1).
import { CallAborted, CallTimeout, NoSuchMethod } from "../errors.ts";
import { systemClock } from "../platform/clock.ts";
import { waitWith } from "../platform/patience.ts";
import { withOptions } from "../references/call-options.ts";
import { pending, type RemoteResult } from "../references/remote-result.ts";
import type { Arguments, Callable, Callee, CallOptions, MethodName, ResultOf } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import { callMethod, MethodTables } from "./method-table.ts";

const methods = new MethodTables("remote_");

/**
 * Base of objects that are passed by reference. Whoever holds a reference can call each method of the class chain whose name
 * begins with `remote_`, and nothing else. TypeScript's `private` does not hide a method from the wire; another name does.
 *
 * It can be called in the same words as a reference, so that code need not care whether an object is here or there: such a
 * call is asynchronous and in order, too, but its arguments are passed as they are and not copied.
 */
export abstract class Referenceable {
  declare readonly "~pb": "ref";
  declare readonly "~pbTarget"?: this;
  // Where the object is known to connections: a table of theirs by object would be a Map that is written all the time.
  #exported: object | undefined;

  /** Calls `remote_name` here, in a later turn. */
  callRemote<T, N extends MethodName<T>, A extends readonly unknown[]>(
    this: Callee<T>,
    name: N,
    ...args: Arguments<T, N, A>
  ): ResultOf<T, N>;
  callRemote(this: Referenceable, name: string, ...args: unknown[]): unknown {
    return callLocally(this, name, args, undefined);
  }

  /** Calls `remote_name` here, in a later turn; what becomes of it is not known. */
  callRemoteOnly<T, N extends MethodName<T>, A extends readonly unknown[]>(
    this: Callee<T>,
    name: N,
    ...args: Arguments<T, N, A>
  ): void;
  callRemoteOnly(this: Referenceable, name: string, ...args: unknown[]): void {
    callLocally(this, name, args, undefined).then(undefined, () => {});
  }

  /** A view whose calls have these options. */
  with(options: CallOptions): Callable<this> {
    // Which names it takes only the type knows.
    return new LocalView(this, withOptions(undefined, options)) as unknown as Callable<this>;
  }

  /**
   * Answers a message: the hook that every call from outside goes through. The stock one calls `remote_message` with `this`
   * as the object; throws NoSuchMethod, TypeError where `static parameters` does not fit, and InvalidArguments where `static
   * schemas` does not.
   */
  remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    const method = methods.find(this, message);
    if (method === undefined) throw new NoSuchMethod(`No such method: remote_${message}`);
    return callMethod(method, this, args, keywords);
  }

  /** @internal What connections keep of an object. One that was made without its constructor has no place for it. */
  static readonly exported = {
    get(object: object): object | undefined {
      return #exported in object ? object.#exported : unconstructed.get(object);
    },
    set(object: object, entry: object | undefined): void {
      if (#exported in object) object.#exported = entry;
      else if (entry === undefined) unconstructed.delete(object);
      else unconstructed.set(object, entry);
    },
  };

  /**
   * Throws TypeError for what is no Referenceable at all, and DeclarationError if the class declares its methods in a way
   * that is refused. Called when an object is first exported, and when it is published.
   */
  static checkDeclarations(object: Referenceable): void {
    if (!(object instanceof Referenceable)) throw new TypeError(`${described(object)} is no Referenceable`);
    object.checkDeclarations();
  }

  /** @internal The application's object that answers for it. */
  answeringObject(): object {
    return this;
  }

  /** @internal For whom it is called, and so its arguments are decoded and its results encoded (spec §6.6); null for anyone. */
  callingPerspective(): object | null {
    return null;
  }

  /** @internal Who its caller logged in as, as the checker said; undefined if it does not know its callers. */
  callingPrincipal(): unknown {
    return undefined;
  }

  /** @internal Throws DeclarationError if its methods are declared in a way that is refused. */
  checkDeclarations(): void {
    methods.check(this);
  }
}

/** The object that a client sees first. */
export class Root extends Referenceable {
  /** The object for one connection, asked for once when it is accepted. The stock one is this object for all. */
  rootObject(_connection: object): Referenceable {
    return this;
  }
}

const unconstructed = new WeakMap<object, object>();

function described(value: unknown): string {
  if (typeof value === "function") return `the class or function ${value.name} (an object of it is needed, perhaps)`;
  if (typeof value !== "object" || value === null) return String(value);
  return value instanceof Promise ? "a promise" : "a plain object, or one of another class,";
}

class LocalView {
  readonly #object: Referenceable;
  readonly #options: CallOptions;

  constructor(object: Referenceable, options: CallOptions) {
    this.#object = object;
    this.#options = options;
  }

  callRemote(name: string, ...args: unknown[]): RemoteResult<unknown> {
    return callLocally(this.#object, name, args, this.#options);
  }

  callRemoteOnly(name: string, ...args: unknown[]): void {
    callLocally(this.#object, name, args, undefined).then(undefined, () => {});
  }

  with(options: CallOptions): LocalView {
    return new LocalView(this.#object, withOptions(this.#options, options));
  }
}

function callLocally(
  object: Referenceable,
  name: string,
  args: unknown[],
  options: CallOptions | undefined,
): RemoteResult<unknown> {
  const { result, resolve, reject } = pending<unknown>();
  if (options?.signal?.aborted) {
    reject(new CallAborted(options.signal.reason, "no"));
    return result;
  }
  const last = args.at(-1);
  const keywords = last instanceof Keywords ? last : undefined;
  const positional = keywords === undefined ? args : args.slice(0, -1);
  let stop = () => {};
  if (options?.signal !== undefined || options?.timeout !== undefined) stop = limitLocally(options, reject, name);
  queueMicrotask(() => {
    try {
      Promise.resolve(object.remoteMessageReceived(name, positional, keywords))
        .then(resolve, reject)
        .finally(stop);
    } catch (error) {
      stop();
      reject(error);
    }
  });
  return result;
}

/** Rejects when the time is over or the signal fires; the returned function ends that. */
function limitLocally(options: CallOptions, reject: (error: unknown) => void, name: string): () => void {
  const give = (error: Error) => {
    stop();
    reject(error);
  };
  const entry = {
    aborted: (reason: unknown) => give(new CallAborted(reason, "unknown")),
    expired: () => give(new CallTimeout(`${name}: no answer within ${options.timeout} ms`, "unknown")),
  };
  const stop = waitWith(options, entry, systemClock);
  return stop;
}
