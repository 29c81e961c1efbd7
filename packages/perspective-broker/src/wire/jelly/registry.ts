// The classes that travel as themselves, by the tag that names them on the wire (spec §3.10). Tags are texts given by hand and
// never a class's own name, which a bundler may change.
import { DeclarationError, type ErrorClass } from "../../errors.ts";
import type { ClassPolicy } from "../dialect.ts";
import { attributesOf, ownData } from "./failure.ts";
import type { SecurityOptions } from "./security.ts";

interface Entry {
  readonly tag: string;
  readonly kind: ErrorClass;
}

/** Classes that cross a connection as themselves. `globalRegistry` serves connections that are given none of their own. */
export class Registry {
  readonly #byTag = new Map<string, Entry>();
  readonly #byClass = new Map<unknown, Entry>();

  /**
   * An error class that both sides know: thrown there, it arrives here as an instance of it, with its own enumerable
   * properties and its message; its constructor does not run. The tag is `wireName`, or the class's own `static wireName`.
   * Throws DeclarationError if there is no tag, or if the tag stands for another class. Disposing takes it back.
   */
  registerError(kind: ErrorClass, wireName?: string): Disposable {
    const tag = wireName ?? (Object.hasOwn(kind, "wireName") ? kind.wireName : undefined);
    if (typeof tag !== "string" || tag === "") {
      throw new DeclarationError(`${kind.name} needs a name for the wire: static wireName = "app.${kind.name}"`);
    }
    if ("then" in kind.prototype) {
      throw new DeclarationError(`${kind.name} has a member "then", so that no promise could give an instance of it`);
    }
    const present = this.#byTag.get(tag);
    if (present !== undefined && present.kind !== kind) {
      throw new DeclarationError(`${tag} is registered for another class already`);
    }
    const entry: Entry = { tag, kind };
    this.#byTag.set(tag, entry);
    this.#byClass.set(kind, entry);
    return {
      [Symbol.dispose]: () => {
        if (this.#byTag.get(tag) === entry) this.#byTag.delete(tag);
        if (this.#byClass.get(kind) === entry) this.#byClass.delete(kind);
      },
    };
  }

  /** What a connection needs of it, with the types that the connection admits. */
  policy(security: SecurityOptions | undefined, fallback: SecurityOptions): ClassPolicy {
    const admitted = security ?? fallback;
    return {
      // Registering admits a tag, unless the connection has options of its own (spec §3.10).
      isTypeAllowed: (name) => admitted.isTypeAllowed(name) || (security === undefined && this.#byTag.has(name)),
      encode: (value) => {
        if (!(value instanceof Error) || this.#byClass.size === 0) return undefined;
        const entry = this.#byClass.get(value.constructor);
        return entry && { tag: entry.tag, state: stateOf(value) };
      },
      decoder: (tag) => {
        const entry = this.#byTag.get(tag);
        return entry && ((state) => revive(entry.kind, state));
      },
    };
  }
}

/** The registry of connections that are given none. */
export const globalRegistry: Registry = new Registry();

/** Registers an error class with the global registry; see `Registry.registerError`. */
export function registerError(kind: ErrorClass, wireName?: string): Disposable {
  return globalRegistry.registerError(kind, wireName);
}

function stateOf(error: Error): Record<string, unknown> {
  const state = ownData(error) ?? {};
  return error.message === "" ? state : { ...state, message: error.message };
}

function revive(kind: ErrorClass, state: unknown): Error {
  const error: Error = Object.create(kind.prototype);
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(error, "name", { ...hidden, value: kind.name });
  Object.defineProperty(error, "message", { ...hidden, value: "" });
  for (const [name, value] of attributesOf(state)) {
    if (name === "message") error.message = typeof value === "string" ? value : "";
    else if (name !== "stack" && name !== "name" && name !== "__proto__") {
      Object.defineProperty(error, name, { value, writable: true, enumerable: true, configurable: true });
    }
  }
  return error;
}
