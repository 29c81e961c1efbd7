// The object that stays where it is: the other side gets a reference and calls its `remote_` methods (spec §6.1).
import { NoSuchMethod } from "../errors.ts";
import { withOptions } from "../references/call-options.ts";
import type { Arguments, Callable, Callee, CallOptions, MethodName, ResultOf } from "../types.ts";
import type { Keywords } from "../values/keywords.ts";
import { callLocally, callOnlyLocally, LocalView } from "./local-call.ts";
import { callMethod, MethodTables } from "./method-table.ts";

const methods = new MethodTables("remote_");

/**
 * Base of objects that are passed by reference. Whoever holds a reference can call each method of the class chain whose name
 * begins with `remote_`, and nothing else. TypeScript's `private` does not hide a method from the wire; another name does.
 *
 * With `static synchronized = true`, or a list of names, it takes one call at a time (docs/guide/synchronized.md).
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
    callOnlyLocally(this, name, args);
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

  /** @internal The object whose turn a message has to wait for; undefined if it need not wait. */
  synchronizedOn(message: string): object | undefined {
    return methods.synchronizes(this, message) ? this : undefined;
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
