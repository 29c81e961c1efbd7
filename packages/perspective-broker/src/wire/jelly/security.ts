// Which forms and classes may be decoded (spec §3.9). A peer can name any class; only what is admitted here is ever looked up.
import type { ClassPolicy } from "../dialect.ts";

const SIMPLE =
  "None bool boolean string str int float datetime time date timedelta NoneType unicode decimal set frozenset";
const BASIC = "dictionary list tuple reference dereference unpersistable persistent long_int long dict";
const BROKER = "remote local cached lcache twisted.spread.pb.CopyableFailure";

/**
 * The types that a connection admits. A new one admits numbers, texts, dates and sets only; `allowBasicTypes` adds containers,
 * `allowReferences` what a connection needs for objects. Without a `security` option all three are admitted.
 *
 * What is changed later holds for connections made later.
 */
export class SecurityOptions {
  readonly #types: Set<string> = new Set(SIMPLE.split(" "));

  /** Admits further type names, those of `registerError` without a dot among them. */
  allowTypes(...names: string[]): this {
    for (const name of names) this.#types.add(name);
    return this;
  }

  /** Dictionaries, lists, tuples and shared structure; without it every call is refused. */
  allowBasicTypes(): this {
    return this.allowTypes(...BASIC.split(" "));
  }

  /** References, caches and errors of the peer. */
  allowReferences(): this {
    return this.allowTypes(...BROKER.split(" "));
  }

  /** Names with a dot pass here: they are classes, and a class must be registered (spec §3.7). */
  isTypeAllowed(name: string): boolean {
    return this.#types.has(name) || name.includes(".");
  }
}

/** What a connection admits if it is not told otherwise. */
export function defaultSecurity(): SecurityOptions {
  return new SecurityOptions().allowBasicTypes().allowReferences();
}

const byDefault = /* @__PURE__ */ defaultSecurity();

/** Whether a connection admits a form or class: as its options say, or as all do that were told nothing. */
export function isAdmitted(classes: ClassPolicy, name: string): boolean {
  return classes.isTypeAllowed(name) ?? byDefault.isTypeAllowed(name);
}
