// Where the states of published objects are kept from one connection to the next. What is kept is the library's own; a store
// does not look into it.
import { platform } from "#platform";
import { bytesFromBase64, toBase64 } from "../values/base64.ts";

/** A place for bytes by name. Names have any characters and come from the peer; a store must not trust them. */
export interface PublishedStore {
  load(name: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  save(name: string, bytes: Uint8Array): void | Promise<void>;
}

/** Keeps the latest in memory: from one connection to the next, for the time of the program. */
export class MemoryPublishedStore implements PublishedStore {
  readonly #most: number;
  readonly #kept = new Map<string, Uint8Array>();

  /** `most`: so many names are kept, the latest ones. */
  constructor(most = 1000) {
    this.#most = most;
  }

  load(name: string): Uint8Array | undefined {
    return this.#kept.get(name);
  }

  save(name: string, bytes: Uint8Array): void {
    this.#kept.delete(name);
    this.#kept.set(name, bytes);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** Keeps each in a file of a folder that is there: `None-None-NEWS1.pub`, in base64, as files are texts here. Only where there are files; throws TypeError elsewhere. */
export class FilePublishedStore implements PublishedStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #files: NonNullable<typeof platform.files>;

  constructor(folder: string, options: { readonly maxBytes?: number } = {}) {
    if (platform.files === undefined) throw new TypeError("this runtime has no files; use another PublishedStore");
    this.#files = platform.files;
    this.#folder = folder;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  }

  async load(name: string): Promise<Uint8Array | undefined> {
    try {
      const file = await this.#files.read(this.#path(name), this.#maxBytes);
      return file === undefined ? undefined : bytesFromBase64(file.text);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async save(name: string, bytes: Uint8Array): Promise<void> {
    await this.#files.replace(this.#path(name), this.#maxBytes, () => toBase64(bytes));
  }

  /** In this folder and in no other, whatever the peer has put into the name. */
  #path(name: string): string {
    const safe = encodeURIComponent(name).replace(/[.!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    if (safe.length > 200) throw new RangeError("the name of a published object is too long for a file");
    return `${this.#folder}/${safe}.pub`;
  }
}
