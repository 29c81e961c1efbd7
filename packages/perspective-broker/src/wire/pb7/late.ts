// A message that is decoded when everything in it has come (docs/pb7.md, Pieces and Calls through results). What it counts was
// counted when its frame arrived.
import { JellyError, LimitExceeded } from "../../errors.ts";
import type { RemoteCache } from "../../references/remote-cache.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { Late } from "../message.ts";
import type { Decoder } from "./decoder.ts";
import type { Keeper, Waiter } from "./pieces-in.ts";
import type { Layout } from "./skim.ts";
import type { Skimmed } from "./skimmed.ts";

export class LateMessage implements Late, Waiter {
  readonly #decoder: Decoder;
  readonly #skimmed: Skimmed;
  readonly #layout: Layout;
  readonly #giveBack: (skimmed: Skimmed) => void;
  readonly #keeper: Keeper;
  readonly #leaves = new Map<number, Uint8Array>();
  #tooMuch = false;
  #missing: number;
  #void = false;
  #over = false;
  #told: (() => void)[] = [];

  constructor(
    decoder: Decoder,
    skimmed: Skimmed,
    layout: Layout,
    keeper: Keeper,
    giveBack: (skimmed: Skimmed) => void,
  ) {
    this.#keeper = keeper;
    this.#decoder = decoder;
    this.#skimmed = skimmed;
    this.#layout = layout;
    this.#giveBack = giveBack;
    this.#missing = skimmed.transfers.length;
  }

  /** One that could not be decoded, for those who are told of messages in their order. */
  static failed(error: unknown): Late {
    return {
      results: [],
      complete: true,
      whenComplete: () => {},
      decode: () => {
        throw error;
      },
      giveBack: () => {},
    };
  }

  get results(): readonly number[] {
    return this.#skimmed.results;
  }

  /** What comes in pieces. */
  get bytes(): number {
    return this.#skimmed.transfers.reduce((bytes, { length }) => bytes + length, 0);
  }

  get received(): RemoteReference[] | undefined {
    const { received } = this.#skimmed;
    return received.length === 0 ? undefined : [...received];
  }

  get caches(): RemoteCache[] | undefined {
    const { caches } = this.#skimmed;
    return caches.length === 0 ? undefined : [...caches];
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  whenComplete(fn: () => void): void {
    if (this.complete) fn();
    else this.#told.push(fn);
  }

  arrived(transfer: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#void = true;
    else if (this.#keeper.keep(bytes.length)) this.#leaves.set(transfer, bytes);
    else this.#tooMuch = true;
    this.#missing--;
    if (this.#missing > 0) return;
    const told = this.#told;
    this.#told = [];
    for (const fn of told) fn();
  }

  decode(): { args: unknown[]; keywords: Keywords | undefined } {
    if (this.#layout === "value" || this.#layout === "failure") return { args: [this.value()], keywords: undefined };
    return this.#read(() => {
      const args = this.#decoder.positional();
      return { args, keywords: this.#layout === "call" ? this.#decoder.keywords() : undefined };
    });
  }

  value(): unknown {
    return this.#read(() => (this.#layout === "failure" ? this.#decoder.failure() : this.#decoder.value()));
  }

  giveBack(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#giveBack(this.#skimmed);
  }

  #read<T>(read: () => T): T {
    const decoder = this.#decoder;
    try {
      if (this.#void) throw new JellyError("the sender has given up a part of the message");
      if (this.#tooMuch) throw new LimitExceeded("bytes", "more than limits.bytes of messages wait here");
      if (this.#skimmed.error !== undefined) throw this.#skimmed.error;
      decoder.resume(this.#skimmed, this.#leaves);
      const value = read();
      decoder.complete();
      decoder.finish();
      this.#over = true;
      return value;
    } catch (error) {
      this.giveBack();
      throw error;
    } finally {
      decoder.received = decoder.caches = decoder.streams = undefined;
      this.#forget();
    }
  }

  #forget(): void {
    for (const bytes of this.#leaves.values()) this.#keeper.forget(bytes.length);
    this.#leaves.clear();
  }
}
