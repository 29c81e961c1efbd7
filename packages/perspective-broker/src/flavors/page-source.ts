// What bytes can be read from, whatever runtime it comes from, cut anew into pages of one size. By shape, so that no runtime's
// own classes are needed here.

/**
 * Something that bytes are read from: anything that can be iterated for `Uint8Array`s (Node's readable streams, an async
 * generator), a web `ReadableStream`, a `Blob` or `File`, an open file of Node (`FileHandle`), or the bytes themselves.
 */
export type PageSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | Uint8Array
  | WebStream
  | { stream(): WebStream }
  | OpenFile;

interface WebStream {
  getReader(): {
    // biome-ignore lint/suspicious/noConfusingVoidType: as the platform declares it
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined | void }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

interface OpenFile {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
}

export interface PageReader {
  /** The next page, or undefined at the end. All but the last are full. */
  next(): Promise<Uint8Array | undefined>;
  /** No more is wanted. Harmless at the end. */
  close(): void;
}

/** Reads `source` in pages of `size` bytes. Throws TypeError for what cannot be read. */
export function readPages(source: PageSource, size: number): PageReader {
  if (source instanceof Uint8Array) return new Recut([source][Symbol.iterator](), size);
  if (Symbol.asyncIterator in source) return new Recut(source[Symbol.asyncIterator](), size);
  if (Symbol.iterator in source) return new Recut(source[Symbol.iterator](), size);
  if ("getReader" in source) return new Recut(iterate(source), size);
  if ("stream" in source) return new Recut(iterate(source.stream()), size);
  if ("read" in source) return new FromFile(source, size);
  throw new TypeError("pages are read from an iterable of Uint8Array, a stream, a Blob or an open file");
}

type Chunks = Iterator<Uint8Array, unknown> | AsyncIterator<Uint8Array, unknown>;

/** Pages that belong to nobody else: the source may use its own buffers again. */
class Recut implements PageReader {
  readonly #chunks: Chunks;
  readonly #size: number;
  #chunk = new Uint8Array(0);
  #ended = false;

  constructor(chunks: Chunks, size: number) {
    this.#chunks = chunks;
    this.#size = size;
  }

  async next(): Promise<Uint8Array | undefined> {
    const page = new Uint8Array(this.#size);
    let filled = 0;
    while (filled < page.length) {
      if (this.#chunk.length === 0 && !(await this.#read())) break;
      const part = this.#chunk.subarray(0, page.length - filled);
      page.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    return filled === 0 ? undefined : page.subarray(0, filled);
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      Promise.resolve(this.#chunks.return?.()).catch(() => {});
    } catch {
      // It is not wanted any more, so it does not matter how it ends.
    }
  }

  async #read(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#chunks.next();
    if (done) {
      this.#ended = true;
      return false;
    }
    if (!(value instanceof Uint8Array)) throw new TypeError(`a source of pages gave ${typeof value}, not Uint8Array`);
    this.#chunk = value as Uint8Array<ArrayBuffer>;
    return true;
  }
}

/** Not every browser's streams can be iterated. */
function iterate(stream: WebStream): AsyncIterator<Uint8Array, unknown> {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value: value as Uint8Array };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

class FromFile implements PageReader {
  readonly #file: OpenFile;
  readonly #size: number;
  #closed = false;

  constructor(file: OpenFile, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async next(): Promise<Uint8Array | undefined> {
    const page = new Uint8Array(this.#size);
    let filled = 0;
    while (filled < page.length && !this.#closed) {
      const { bytesRead } = await this.#file.read(page, filled, page.length - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === 0 ? undefined : page.subarray(0, filled);
  }

  /** The file is its opener's to close. */
  close(): void {
    this.#closed = true;
  }
}
