// The classes that travel as themselves, by the tag that names them on the wire (spec §3.10). Tags are texts given by hand and
// never a class's own name, which a bundler may change.
import { DeclarationError, type ErrorClass } from "../../errors.ts";
import { nameless } from "../../flavors/copyable.ts";
import { RemoteCache } from "../../references/remote-cache.ts";
import type { Received } from "../../types.ts";
import { setProperties } from "../../values/set-properties.ts";
import { type ClassEntry, ClassTable, globalClasses } from "../class-table.ts";
import type { ClassPolicy, Decoder } from "../dialect.ts";
import { errorDecoder, errorState } from "./known-errors.ts";
import type { ReceivedState, ReceiverOf, Receiving, ReceivingClass } from "./receiver.ts";
import type { SecurityOptions } from "./security.ts";

/** A class whose objects are made from a state. */
export interface CopyClass<T extends object = object> {
  // biome-ignore lint/suspicious/noExplicitAny: its constructor is called without arguments, or not at all
  new (...args: any[]): T;
  readonly prototype: T & { setCopyableState?(state: never): void };
  readonly wireName?: string;
}

/** How a class that knows nothing of the wire crosses it. */
export interface CopyCodec<T extends object, S extends object> {
  /** The tag. */
  readonly name: string;
  encode(object: T): S;
  /** Gets what `encode` returned as it arrives: references for objects that stay. */
  readonly decode: (state: Received<Fixed<S>>) => T;
}

// For a class that takes its own states.
type OwnOptions<T> = T extends Receiving<ReceivedState<T, never>> ? CopyOptions : never;

// S, but nothing is inferred from where this stands: encode alone says what the state is.
type Fixed<S> = [S][S extends unknown ? 0 : never];

export interface CopyOptions {
  /** `false`: the object is made without running the constructor, as Twisted does; then it has no private fields. Default true. */
  readonly constructed?: boolean;
}

/** How a registered error is sent when it was thrown. */
export interface ErrorOptionsOnWire {
  /** Default `"failure"`: as every error, with its own data. `"itself"`: as an instance, for peers that all know the class. */
  readonly thrownAs?: "failure" | "itself";
}

/** Classes that cross a connection as themselves. `globalRegistry` serves connections that are given none of their own. */
export class Registry {
  readonly #table: ClassTable;

  /** @internal `table` is where connections look; without it the registry has one of its own. */
  constructor(table: ClassTable = new ClassTable()) {
    this.#table = table;
  }

  /**
   * An error class that both sides know: thrown there, it arrives here as an instance of it, with its own enumerable
   * properties and its message; its constructor does not run. The tag is `wireName`, or the class's own `static wireName`.
   * Throws DeclarationError if there is no tag, or if the tag stands for another class. Disposing takes it back.
   *
   * Thrown here, it is sent as every error is, so that peers that do not know the class get it, too; `thrownAs: "itself"`
   * sends the instance, as Twisted does with jellyable errors. A Twisted peer that does not know the tag then closes the
   * connection.
   */
  registerError(kind: ErrorClass, wireName?: string, options?: ErrorOptionsOnWire): Disposable {
    return this.#add({
      thrownAsItself: options?.thrownAs === "itself",
      tag: wireName ?? ownWireName(kind),
      kind,
      encode: (error) => errorState(error as Error),
      decoder: errorDecoder(kind),
    });
  }

  /**
   * What a tag arrives as: objects of a class, or what a function makes of the state. A state that refers to its own object is
   * completed after the function has run.
   */
  registerCopyable(
    tag: string,
    // biome-ignore lint/suspicious/noExplicitAny: a tag does not say what its states are
    receiver: ReceivingClass<object, never> | ((state: any) => unknown),
    options?: CopyOptions,
  ): Disposable;
  /** A class that goes both ways, or that arrives: a Copyable, RemoteCopy or RemoteCache with a `static wireName`. */
  registerCopyable<T extends object>(kind: CopyClass<T> & ReceivingClass<object, ReceivedState<T, never>>): Disposable;
  /**
   * What the sender's class arrives as, under its `static wireName`: objects of another class, or what a function makes of the
   * state; with nothing but options, objects of the class itself. Or, for a class that knows nothing of the wire, what turns
   * it into a plain state and back.
   */
  registerCopyable<T extends object, S extends object>(
    sender: CopyClass<T>,
    receiver: ReceiverOf<T> | CopyCodec<T, S> | OwnOptions<T>,
    options?: CopyOptions,
  ): Disposable;
  registerCopyable(
    first: string | CopyClass,
    second?: ReceivingClass<object, never> | CopyCodec<object, object> | CopyOptions | ((state: never) => unknown),
    third?: CopyOptions,
  ): Disposable {
    if (typeof second === "function") {
      const tag = typeof first === "string" ? first : ownWireName(first);
      const decoder = isCopyClass(second)
        ? classDecoder(second, third)
        : factoryDecoder(second as (state: unknown) => unknown);
      return this.#add({ tag, kind: typeof first === "string" ? undefined : first, encode: undefined, decoder });
    }
    if (typeof first === "string")
      throw new DeclarationError(`${first}: a class or a function must be given with a tag`);
    if (second !== undefined && "decode" in second) {
      const decoder = factoryDecoder((state) => second.decode(state as object));
      return this.#add({ tag: second.name, kind: first, encode: (value) => second.encode(value), decoder });
    }
    return this.#add({ tag: ownWireName(first), kind: first, encode: undefined, decoder: classDecoder(first, second) });
  }

  /** Every exported class of a module that can arrive, under `prefix.Name` (or just `Name`); Copyables are sent as that, too. */
  registerCopyableModule(module: object, prefix: string): Disposable {
    const added: Disposable[] = [];
    for (const [name, kind] of Object.entries(module)) {
      if (typeof kind !== "function" || !isCopyClass(kind)) continue;
      const tag = prefix === "" ? name : `${prefix}.${name}`;
      added.push(this.#add({ tag, kind, encode: undefined, decoder: classDecoder(kind, undefined) }));
    }
    return {
      [Symbol.dispose]: () => {
        for (const entry of added) entry[Symbol.dispose]();
      },
    };
  }

  /** What a connection needs of it, with the types that the connection admits if it is told. */
  policy(security: SecurityOptions | undefined): ClassPolicy {
    return this.#table.policy(security);
  }

  #add(entry: ClassEntry): Disposable {
    const { tag, kind } = entry;
    const { byTag, byClass } = this.#table;
    if (typeof kind === "function" && "then" in kind.prototype) {
      throw new DeclarationError(`${kind.name} has a member "then", so that no promise could give an instance of it`);
    }
    const present = byTag.get(tag);
    if (present !== undefined && present.kind !== kind) {
      throw new DeclarationError(`${tag} is registered for another class already`);
    }
    byTag.set(tag, entry);
    if (kind !== undefined) byClass.set(kind, entry);
    return {
      [Symbol.dispose]: () => {
        if (byTag.get(tag) === entry) byTag.delete(tag);
        if (byClass.get(kind) === entry) byClass.delete(kind);
      },
    };
  }
}

/** The registry of connections that are given none. */
export const globalRegistry: Registry = /* @__PURE__ */ new Registry(globalClasses);

/** Registers an error class with the global registry; see `Registry.registerError`. */
export function registerError(kind: ErrorClass, wireName?: string, options?: ErrorOptionsOnWire): Disposable {
  return globalRegistry.registerError(kind, wireName, options);
}

/** Registers with the global registry; see `Registry.registerCopyable` for what can be given. */
export const registerCopyable: Registry["registerCopyable"] = /* @__PURE__ */ globalRegistry.registerCopyable.bind(
  globalRegistry,
);

/** Registers the classes of a module with the global registry; see `Registry.registerCopyableModule`. */
export function registerCopyableModule(module: object, prefix: string): Disposable {
  return globalRegistry.registerCopyableModule(module, prefix);
}

function ownWireName(kind: { readonly name?: string; readonly wireName?: unknown }): string {
  if (Object.hasOwn(kind, "wireName") && typeof kind.wireName === "string" && kind.wireName !== "")
    return kind.wireName;
  throw nameless(kind);
}

function isCopyClass(kind: object): kind is CopyClass & ReceivingClass<object, never> {
  const { prototype } = kind as { prototype?: { setCopyableState?: unknown } };
  return typeof prototype?.setCopyableState === "function";
}

function classDecoder(kind: CopyClass, options: CopyOptions | undefined): Decoder {
  const create = options?.constructed === false ? () => Object.create(kind.prototype) : () => new kind();
  const fill = (object: object, state: unknown) => {
    const { setCopyableState } = object as { setCopyableState?: (state: unknown) => void };
    // Twisted on Python 3.11 sends None for an object without attributes (spec §3.4).
    if (typeof setCopyableState === "function") setCopyableState.call(object, state ?? {});
    else setProperties(object, state);
  };
  if (kind.prototype instanceof RemoteCache) return { kind: "cache", create, fill };
  return { kind: "filled", create, fill };
}

function factoryDecoder(make: (state: unknown) => unknown): Decoder {
  return { kind: "made", make };
}
