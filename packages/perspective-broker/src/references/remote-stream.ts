// A stream of the peer's: what an asynchronous iterable over there is here. Nothing is asked of it before it is iterated, and it
// is iterated once. How items come and credit goes is the broker's.

// Kept off the type, as in remote-reference.ts.
const FEED = Symbol("feed");

/**
 * What a stream needs of the connection over which it comes.
 *
 * It must not hold the RemoteStream, or what is forgotten would never be collected.
 */
export interface StreamFeed {
  /** The next item, in the order of these calls. Rejects once with what broke the stream; then it has ended. */
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** No more is wanted. Harmless when it has ended. */
  stop(): void;
  /** Throws into the producer, and settles with how that has ended the stream. */
  throwInto(error: unknown): Promise<IteratorResult<unknown, undefined>>;
}

/**
 * An asynchronous iterable of the other side: what a method returned that is an async generator, or an iterable or
 * `ReadableStream` that was passed. Items are asked for as they are taken, so a slow consumer makes a slow producer.
 *
 * It can be iterated once. Leaving the `for await`, or disposing the stream, ends it at the other side (its `finally` runs); a
 * stream that is forgotten is ended when it is collected, and all are when the connection ends.
 */
// biome-ignore lint/suspicious/noExplicitAny: a stream without a type gives what has none (see types.ts)
export class RemoteStream<T = any> implements AsyncIterable<T>, AsyncDisposable {
  /** @internal Streams are made by a broker. */
  constructor(feed: unknown) {
    (this as unknown as Internal)[FEED] = { feed: feed as StreamFeed, taken: false };
  }

  /** Begins to take it. Throws TypeError the second time. */
  [Symbol.asyncIterator](): StreamIterator<T> {
    const state = (this as unknown as Internal)[FEED];
    if (state.taken) throw new TypeError("a stream of the other side can be iterated once only");
    state.taken = true;
    return new FeedIterator(this, state.feed) as StreamIterator<T>;
  }

  /** Ends it at the other side, and does not wait until that has been done. */
  async [Symbol.asyncDispose](): Promise<void> {
    feedOf(this).stop();
  }
}

/** What iterates a stream. */
export interface StreamIterator<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Ends the stream at the other side. */
  return(value?: unknown): Promise<IteratorResult<T, undefined>>;
  /** Throws into the producer at the other side, which ends the stream; rejects with what the producer throws then. */
  throw(error?: unknown): Promise<IteratorResult<T, undefined>>;
}

/** @internal */
export function feedOf(stream: RemoteStream): StreamFeed {
  return (stream as unknown as Internal)[FEED].feed;
}

interface Internal {
  [FEED]: { readonly feed: StreamFeed; taken: boolean };
}

class FeedIterator implements StreamIterator<unknown> {
  // Not collected before its iterator.
  readonly #stream: RemoteStream;
  readonly #feed: StreamFeed;

  constructor(stream: RemoteStream, feed: StreamFeed) {
    this.#stream = stream;
    this.#feed = feed;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#feed.next();
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    feedOf(this.#stream).stop();
    return { done: true, value: undefined };
  }

  throw(error?: unknown): Promise<IteratorResult<unknown, undefined>> {
    return this.#feed.throwInto(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed.stop();
  }
}
