// A message that is decoded later, as something in it is still to come. What it counts is counted when it arrives, in the order
// of its bytes, and kept here until it is decoded.
import { JellyError, LimitExceeded, ProtocolError } from "../../errors.ts";
import type { RemoteCache } from "../../references/remote-cache.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import type { Decoder, Receipts } from "./decoder.ts";
import type { Visitor } from "./skim.ts";

export interface Skimmed {
  /** The bytes of the values. */
  readonly body: Uint8Array;
  readonly shares: boolean;
  readonly perspective: object | null;
  /** What comes in pieces, in order. */
  readonly transfers: readonly { readonly id: number; readonly length: number }[];
  /** The calls whose results stand in the message. */
  readonly results: readonly number[];
  /** What was resolved, in the order of the bytes; a Refusal for what could not be. */
  readonly resolved: readonly unknown[];
  /** What came with it, one entry per receipt, to be given back if it is not handled. */
  readonly received: readonly RemoteReference[];
  readonly caches: readonly RemoteCache[];
  readonly streams: readonly object[];
  /** What the peer has counted and this side could not. */
  readonly refused: Receipts;
  /** Why the message cannot be decoded, if that shows already. */
  readonly error: unknown;
}

/** Stands for what could not be resolved. */
class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Resolves what is counted, at once, and hands it out again when the message is decoded. */
export class Resolving implements Visitor {
  readonly #decoder: Decoder | undefined;
  readonly #most: number;
  readonly #transfers: { id: number; length: number }[] = [];
  readonly #results: number[] = [];
  readonly #received: RemoteReference[] = [];
  readonly #caches: RemoteCache[] = [];
  readonly #streams: object[] = [];
  readonly #refused: Receipts = { objects: [], caches: [], streams: [] };
  #resolved: unknown[] = [];
  #error: unknown;
  #next = 0;
  #leaves: ReadonlyMap<number, Uint8Array> | undefined;

  constructor(decoder: Decoder | undefined, most: number) {
    this.#decoder = decoder;
    this.#most = most;
  }

  /** For decoding what was skimmed. */
  static again(skimmed: Skimmed, leaves: ReadonlyMap<number, Uint8Array>): Resolving {
    const resolving = new Resolving(undefined, 0);
    resolving.#resolved = [...skimmed.resolved];
    resolving.#leaves = leaves;
    return resolving;
  }

  /** The next thing that was resolved. Throws what kept it from being resolved. */
  take(): unknown {
    const one = this.#resolved[this.#next];
    this.#resolved[this.#next++] = undefined;
    if (one instanceof Refusal) throw one.error;
    return one;
  }

  /** The bytes of a transfer; each transfer has one place. */
  leaf(transfer: number, length: number): Uint8Array {
    const bytes = this.#leaves?.get(transfer);
    if (bytes === undefined || bytes.length !== length) throw new JellyError("a transfer that did not come");
    return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  }

  remote(id: number): void {
    const reference = this.#resolve(
      (tables, perspective) => tables.importReference(id, perspective),
      () => this.#refused.objects.push(id),
    );
    if (reference !== undefined) this.#received.push(reference);
  }

  cache(id: number, fresh: boolean): void {
    if (fresh) throw new ProtocolError("a Cacheable that is new in a message that is not complete");
    const cache = this.#resolve(
      (tables) => tables.importCacheAgain(id),
      () => this.#refused.caches.push(id),
    );
    if (cache !== undefined) this.#caches.push(cache);
  }

  stream(id: number): void {
    const stream = this.#resolve(
      (tables) => tables.importStream(id),
      () => this.#refused.streams.push(id),
    );
    if (stream !== undefined) this.#streams.push(stream);
  }

  local(id: number | string): void {
    this.#resolve((tables) => tables.localObject(id));
  }

  ownCache(id: number): void {
    this.#resolve((tables) => tables.localCache(id));
  }

  piece(id: number, length: number): void {
    this.#transfers.push({ id, length });
    this.#bounded(this.#transfers.length);
  }

  result(call: number): void {
    this.#results.push(call);
    this.#bounded(this.#results.length);
  }

  skimmed(body: Uint8Array, shares: boolean, perspective: object | null): Skimmed {
    return {
      body,
      shares,
      perspective,
      transfers: this.#transfers,
      results: this.#results,
      resolved: this.#resolved,
      received: this.#received,
      caches: this.#caches,
      streams: this.#streams,
      refused: this.#refused,
      error: this.#error,
    };
  }

  /** What fails here fails the message when it is decoded; what ends the connection does so now. */
  #resolve<T>(
    act: (tables: Decoder["tables"], perspective: object | null) => T,
    refuse: () => void = () => {},
  ): T | undefined {
    this.#bounded(this.#resolved.length + 1);
    const decoder = this.#decoder as Decoder;
    try {
      const one = act(decoder.tables, decoder.perspective);
      this.#resolved.push(one);
      return one;
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#error ??= error;
      this.#resolved.push(new Refusal(error));
      refuse();
      return undefined;
    }
  }

  #bounded(count: number): void {
    if (count > this.#most) throw new LimitExceeded("elements", "a message has more elements than limits.elements");
  }
}
