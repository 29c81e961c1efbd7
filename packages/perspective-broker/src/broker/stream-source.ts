// What a stream is produced from: anything that `for await` takes, and a web ReadableStream also where the runtime's cannot be
// iterated. By shape, so that streams of another realm or of a polyfill are taken, too.
import { RemoteStream } from "../references/remote-stream.ts";

/** What items are pulled from. `return` gets the reason; where there is none, nothing has to be told. */
export interface SourceIterator {
  next(): unknown;
  return?(reason?: unknown): unknown;
  throw?(error: unknown): unknown;
}

/** Begins with a source. Throws TypeError for what cannot be iterated, and what its own method throws. */
export function iterateSource(source: object): SourceIterator {
  if (isWebStream(source)) return new WebStreamIterator(source);
  const iterate = (source as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
  if (typeof iterate !== "function") throw new TypeError("this cannot be iterated by `for await`");
  return iterate.call(source) as SourceIterator;
}

/** Nobody will take anything of a source that was not begun with: what it holds on to is let go, if there is a way to say so. */
export function abandonSource(source: object, reason: unknown): unknown {
  if (source instanceof RemoteStream) return source[Symbol.asyncDispose]();
  if (isWebStream(source)) return source.locked ? undefined : source.cancel(reason);
  if (isNodeStream(source)) return source.destroy();
  // A generator, or another that is its own iterator. What can be iterated many times is not ours to end.
  const { next, return: leave } = source as Partial<SourceIterator>;
  return typeof next === "function" && typeof leave === "function" ? leave.call(source, reason) : undefined;
}

interface WebStream {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): WebReader;
}

interface WebReader {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(reason?: unknown): Promise<void>;
}

function isWebStream(source: object): source is WebStream {
  const { getReader, cancel } = source as Partial<WebStream>;
  return typeof getReader === "function" && typeof cancel === "function";
}

function isNodeStream(source: object): source is { destroy(): unknown } {
  const { destroy, pipe } = source as { destroy?: unknown; pipe?: unknown };
  return typeof destroy === "function" && typeof pipe === "function";
}

/** The platform's own iterator, where there is one, keeps the reason of a `cancel` to itself. */
class WebStreamIterator implements SourceIterator {
  readonly #reader: WebReader;

  constructor(stream: WebStream) {
    this.#reader = stream.getReader();
  }

  next(): Promise<{ done: boolean; value?: unknown }> {
    return this.#reader.read();
  }

  return(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  throw(error: unknown): Promise<void> {
    return this.#reader.cancel(error);
  }
}
