// The transport of an end that is fuzzed: what the other end says is put into it by hand, and what the end says is counted by
// frames.
import type { Peer, Transport, TransportHandler } from "../../src/index.ts";

const HEAD = 4;
/** So much of a frame's body is looked at. */
const SEEN = 12;

/** Cuts a stream of bytes into frames, to know where one ends. */
export class FrameCounter {
  frames = 0;
  #skip: number;
  #have = 0;
  #body = 0;
  readonly #head = new Uint8Array(HEAD + SEEN);
  readonly #told: ((type: number, body: Uint8Array) => void) | undefined;

  /** `skip` bytes come before the first frame. `told` gets the beginning of each body. */
  constructor(skip: number, told?: (type: number, body: Uint8Array) => void) {
    this.#skip = skip;
    this.#told = told;
  }

  /** Bytes that are missing of what has begun. */
  get missing(): number {
    if (this.#skip > 0) return this.#skip;
    if (this.#have === 0) return 0;
    return this.#have < HEAD ? HEAD - this.#have : HEAD + this.#body - this.#have;
  }

  take(chunk: Uint8Array): void {
    let at = Math.min(this.#skip, chunk.length);
    this.#skip -= at;
    const head = this.#head;
    while (at < chunk.length) {
      if (this.#have < HEAD) {
        head[this.#have++] = chunk[at++] as number;
        if (this.#have < HEAD) continue;
        this.#body = (head[1] as number) | ((head[2] as number) << 8) | ((head[3] as number) << 16);
      }
      const take = Math.min(chunk.length - at, HEAD + this.#body - this.#have);
      for (let i = 0; i < take && this.#have + i < head.length; i++) head[this.#have + i] = chunk[at + i] as number;
      this.#have += take;
      at += take;
      if (this.#have < HEAD + this.#body) continue;
      this.#have = 0;
      this.frames++;
      this.#told?.(head[0] as number, head.subarray(HEAD, HEAD + Math.min(this.#body, SEEN)));
    }
  }
}

export class Wire implements Transport {
  readonly peer: Peer = { scheme: "fuzz", address: "fuzz" };
  /** This side has ended the transport, or was told that the peer has. */
  ended = false;
  /** The end was told. */
  told = false;
  unsent = 0;
  /** Takes bytes without sending them, until `drain`. */
  slow = false;
  /** All that the end said, if it is wanted. */
  onWrite: (chunk: Uint8Array) => void = () => {};
  readonly #out: FrameCounter;
  #handler: TransportHandler | undefined;
  #paused = false;
  #full = false;
  #waiting: Uint8Array[] = [];

  constructor(out: FrameCounter) {
    this.#out = out;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
  }

  write(chunk: Uint8Array): boolean {
    if (this.ended) return true;
    this.#out.take(chunk);
    this.onWrite(chunk);
    if (!this.slow) return true;
    this.unsent += chunk.length;
    this.#full = true;
    return false;
  }

  writev(chunks: readonly Uint8Array[]): boolean {
    let room = true;
    for (const chunk of chunks) room = this.write(chunk);
    return room;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#waiting.length > 0) process.nextTick(() => this.#deliver());
  }

  close(): void {
    this.#end(undefined);
  }

  abort(): void {
    this.#end(undefined);
  }

  // ---- The other end

  /** Bytes arrive; at once, unless the end has paused. */
  says(chunk: Uint8Array): void {
    if (this.ended || chunk.length === 0) return;
    this.#waiting.push(chunk);
    this.#deliver();
  }

  /** All that waited is sent. */
  drain(): void {
    this.unsent = 0;
    if (!this.#full || this.ended) return;
    this.#full = false;
    this.#handler?.drain();
  }

  /** The peer goes. */
  hangUp(error?: Error): void {
    this.#end(error);
  }

  /** Whether anything said has not arrived yet. */
  get underway(): number {
    return this.#waiting.length;
  }

  #deliver(): void {
    while (!this.#paused && !this.ended) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return;
      this.#handler?.data(chunk);
    }
  }

  #end(error: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.#waiting = [];
    process.nextTick(() => {
      this.told = true;
      this.#handler?.closed(error);
    });
  }
}

/** Two ends that hear each other, a turn later. */
export function joined(near: Wire, far: Wire): void {
  const join = (from: Wire, to: Wire) => {
    from.onWrite = (chunk) => {
      const copy = Uint8Array.from(chunk);
      process.nextTick(() => to.says(copy));
    };
  };
  join(near, far);
  join(far, near);
}
