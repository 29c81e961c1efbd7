// Streams of one connection: iterables of this side that the peer consumes, and those of the peer that are consumed here.
import { type CloseReason, UnsendableError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Codec } from "../wire/dialect.ts";
import type { Late, PeerLimits } from "../wire/message.ts";
import type { CallStore } from "./current-call.ts";
import type { Log } from "./log.ts";

export interface StreamsSetup {
  readonly codec: Codec;
  readonly limits: Limits;
  readonly store: CallStore;
  readonly log: Log;
  readonly written: () => void;
  readonly writable: (fn: () => void) => void;
}

export class Streams {
  readonly #setup: StreamsSetup;

  constructor(setup: StreamsSetup) {
    this.#setup = setup;
  }

  inspect(): { given: number; held: number } {
    return { given: 0, held: 0 };
  }

  greeted(_limits: PeerLimits): void {}

  give(_iterable: object): number {
    void this.#setup;
    throw new UnsendableError("", "a stream cannot be sent");
  }

  takeBack(_id: number): void {}

  receive(_id: number): object {
    return {};
  }

  item(_stream: number, _value: unknown, _bytes: number, _late: Late | undefined, ..._with: unknown[]): void {}

  giveBack(_stream: object): void {}

  ended(_stream: number): void {}

  broke(_stream: number, _error: unknown): void {}

  wanted(_stream: number, _items: number, _bytes: number): void {}

  stopped(_stream: number): void {}

  threw(_stream: number, _error: unknown): void {}

  end(_reason: CloseReason): void {}
}
