// The choice of a dialect, from both sides (spec §2.9): the server lists its dialects, the client answers with the first in
// the server's order that it knows. Bytes in, a choice out; no transport, no time.
import { BananaError, LimitExceeded, NegotiationError } from "../errors.ts";
import { defaultLimits } from "../limits.ts";
import { type Element, LIST, STRING } from "../wire/banana/elements.ts";
import { Inbox } from "../wire/banana/inbox.ts";
import { BananaReader } from "../wire/banana/reader.ts";
import type { Dialect } from "../wire/dialect.ts";

/** A greeting is small; a stranger gets no more than this. */
const LIMITS = { ...defaultLimits, string: 255, list: 100, message: 4096 };

/** What was agreed. `send` goes out first; `rest` are the bytes behind the negotiation, in the new dialect. */
export interface Choice {
  readonly dialect: Dialect;
  readonly send: Uint8Array;
  readonly rest: Uint8Array[];
}

/** One side's half of the negotiation. */
export class Negotiation {
  /** What this side says before it hears anything. */
  readonly opening: Uint8Array;
  /** The dialects of the server's greeting, as it was sent or seen. */
  greeting: readonly string[] = [];
  readonly #role: "client" | "server";
  readonly #dialects: readonly Dialect[];
  readonly #inbox = new Inbox(LIMITS, false);

  constructor(role: "client" | "server", dialects: readonly Dialect[]) {
    this.#role = role;
    this.#dialects = dialects;
    if (role === "server") this.greeting = dialects.map((dialect) => dialect.name);
    this.opening = role === "server" ? listOf(dialects.map((dialect) => dialect.name)) : new Uint8Array(0);
  }

  /** Takes bytes; returns the choice when it is made. Throws NegotiationError if there can be none. */
  receive(chunk: Uint8Array): Choice | undefined {
    this.#inbox.receive(chunk);
    const element = this.#next();
    if (element === undefined) return undefined;
    const dialect = this.#role === "server" ? this.#chosen(element) : this.#choose(element);
    const send = this.#role === "server" ? new Uint8Array(0) : stringOf(dialect.name);
    return { dialect, send, rest: this.#inbox.rest() };
  }

  #next(): Element | undefined {
    try {
      if (!this.#inbox.next()) return undefined;
    } catch (error) {
      if (!(error instanceof BananaError || error instanceof LimitExceeded)) throw error;
      throw new NegotiationError(`the peer does not speak Perspective Broker: ${error.message}`, { cause: error });
    }
    const reader = new BananaReader();
    reader.read(this.#inbox.buffer, this.#inbox.start);
    return reader.element();
  }

  #chosen(element: Element): Dialect {
    const dialect = this.#known(element);
    if (dialect === undefined) throw new NegotiationError("the client chose a dialect that was not offered");
    return dialect;
  }

  /** The first of the server's dialects that is known here; entries that are no strings are skipped. */
  #choose(element: Element): Dialect {
    if (!Array.isArray(element)) throw new NegotiationError("the server's greeting is no list of dialects");
    this.greeting = element.filter((offered) => offered instanceof Uint8Array).map(nameOf);
    for (const offered of element) {
      const dialect = this.#known(offered);
      if (dialect !== undefined) return dialect;
    }
    const names = this.#dialects.map((dialect) => dialect.name).join(", ");
    throw new NegotiationError(`the server offers no dialect that is known here (${names})`);
  }

  #known(element: Element): Dialect | undefined {
    if (!(element instanceof Uint8Array)) return undefined;
    const name = nameOf(element);
    return this.#dialects.find((dialect) => dialect.name === name);
  }
}

/** As it stands on the wire, a byte order mark included. */
function nameOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function stringOf(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.of(bytes.length, STRING, ...bytes);
}

function listOf(texts: readonly string[]): Uint8Array {
  return Uint8Array.of(texts.length, LIST, ...texts.flatMap((text) => [...stringOf(text)]));
}
