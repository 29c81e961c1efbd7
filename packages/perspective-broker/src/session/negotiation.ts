// The choice of a dialect, from both sides (spec §2.9): the server lists its dialects, the client answers with the first in
// the server's order that it knows. Bytes in, a choice out; no transport, no time.
import { NegotiationError } from "../errors.ts";
import { LIST, STRING } from "../wire/banana/elements.ts";
import type { Dialect } from "../wire/dialect.ts";
import { GreetingReader, type Said } from "./greeting.ts";

/** What was agreed. `send` goes out first; `rest` are the bytes behind the negotiation, in the new dialect. */
export interface Choice {
  readonly dialect: Dialect;
  readonly send: Uint8Array;
  readonly rest: Uint8Array;
}

/** One side's half of the negotiation. */
export class Negotiation {
  /** What this side says before it hears anything. */
  readonly opening: Uint8Array;
  /** The dialects of the server's greeting, as it was sent or seen. */
  greeting: readonly string[];
  readonly #role: "client" | "server";
  readonly #dialects: readonly Dialect[];
  readonly #reader = new GreetingReader();

  constructor(role: "client" | "server", dialects: readonly Dialect[]) {
    this.#role = role;
    this.#dialects = dialects;
    const offer = role === "server" ? offerOf(dialects) : undefined;
    this.greeting = offer?.names ?? [];
    this.opening = offer?.bytes ?? new Uint8Array(0);
  }

  /** Takes bytes; returns the choice when it is made. Throws NegotiationError if there can be none. */
  receive(chunk: Uint8Array): Choice | undefined {
    const heard = this.#reader.receive(chunk);
    if (heard === undefined) return undefined;
    const { said, rest } = heard;
    if (this.#role === "server") return { dialect: this.#chosen(said), send: new Uint8Array(0), rest };
    const dialect = this.#choose(said);
    return { dialect, send: stringOf(dialect.name), rest };
  }

  #chosen(said: Said): Dialect {
    const dialect = this.#known(said);
    if (dialect === undefined) throw new NegotiationError("the client chose a dialect that was not offered");
    return dialect;
  }

  /** The first of the server's dialects that is known here. */
  #choose(said: Said): Dialect {
    if (typeof said !== "object") throw new NegotiationError("the server's greeting is no list of dialects");
    this.greeting = said;
    for (const offered of said) {
      const dialect = this.#known(offered);
      if (dialect !== undefined) return dialect;
    }
    const names = this.#dialects.map((dialect) => dialect.name).join(", ");
    throw new NegotiationError(`the server offers no dialect that is known here (${names})`);
  }

  #known(name: Said): Dialect | undefined {
    return this.#dialects.find((dialect) => dialect.name === name);
  }
}

interface Offer {
  readonly names: readonly string[];
  readonly bytes: Uint8Array;
}

// A server says the same to everyone.
const offers = new WeakMap<readonly Dialect[], Offer>();

function offerOf(dialects: readonly Dialect[]): Offer {
  let offer = offers.get(dialects);
  if (offer === undefined) {
    const names = dialects.map((dialect) => dialect.name);
    offer = { names, bytes: listOf(names) };
    offers.set(dialects, offer);
  }
  return offer;
}

function stringOf(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.of(bytes.length, STRING, ...bytes);
}

function listOf(texts: readonly string[]): Uint8Array {
  return Uint8Array.of(texts.length, LIST, ...texts.flatMap((text) => [...stringOf(text)]));
}
