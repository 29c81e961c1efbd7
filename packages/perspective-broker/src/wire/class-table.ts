// The classes that cross as themselves, as connections look them up. How they get in, wire/jelly/registry.ts knows: a program
// that registers none does not carry it.
import type { ClassPolicy, Decoder, TaggedState } from "./dialect.ts";

export interface ClassEntry {
  readonly tag: string;
  readonly thrownAsItself?: boolean;
  /** The class whose instances are sent under the tag. */
  readonly kind: unknown;
  readonly encode: ((value: object) => object) | undefined;
  readonly decoder: Decoder | undefined;
}

/** Which types are admitted; SecurityOptions is one. */
interface Admission {
  isTypeAllowed(name: string): boolean;
}

export class ClassTable {
  readonly byTag: Map<string, ClassEntry> = new Map();
  readonly byClass: Map<unknown, ClassEntry> = new Map();

  /** What a connection needs of it, with the types that the connection admits if it is told. */
  policy(security: Admission | undefined): ClassPolicy {
    const { byTag, byClass } = this;
    return {
      // Registering admits a tag, unless the connection has options of its own (spec §3.10).
      isTypeAllowed: (name) => (security === undefined ? byTag.has(name) || undefined : security.isTypeAllowed(name)),
      tagOf: (kind) => byClass.get(kind)?.tag,
      encode: (value): TaggedState | undefined => {
        if (byClass.size === 0) return undefined;
        const entry = byClass.get(value.constructor);
        return entry?.encode && { tag: entry.tag, state: entry.encode(value) };
      },
      encodeThrown: (error): TaggedState | undefined => {
        const entry = byClass.get(error.constructor);
        return entry?.thrownAsItself && entry.encode ? { tag: entry.tag, state: entry.encode(error) } : undefined;
      },
      decoder: (tag) => byTag.get(tag)?.decoder,
    };
  }
}

/** The table of connections that are given no registry. */
export const globalClasses: ClassTable = new ClassTable();
