// Two ends in one process with nothing between them: for tests, and for both sides of a program in one place. Behaves
// as a socket does in order, flow control and ways of ending, but has no timer and no clock: all is told in microtasks, but
// now and then in a turn of its own, so that a long conversation lets timers and others have theirs.
// Chunks are passed on without a copy. Works in every runtime: nothing of Node here.

import { platform } from "#platform";
import { platformError } from "./platform-error.ts";
import type { DialOptions, Listener, ListenTransportOptions, Peer, Transport, TransportHandler } from "./transport.ts";

/** Two connected transports: what one writes, the other is given. Each end belongs to its taker. */
export function memoryPair(): [Transport, Transport] {
  return connectedEnds("pair");
}

/** `memory://name`: names are those of this process (of this copy of the module). */
export async function dialMemory(address: string, options: DialOptions): Promise<Transport> {
  options.signal?.throwIfAborted();
  const name = nameIn(address);
  await undefined; // as on a socket, the far side learns of it later, not inside this call
  options.signal?.throwIfAborted();
  const listener = listeners.get(name);
  if (listener === undefined) throw platformError("ECONNREFUSED", `connect ECONNREFUSED ${address}: nobody listens`);
  return listener.connect();
}

/** The other side of it, apart: a program that only connects does not carry it. */
export async function listenMemory(
  address: string,
  accept: (transport: Transport) => void,
  options: ListenTransportOptions,
): Promise<Listener> {
  const name = nameIn(address);
  if (listeners.has(name)) throw platformError("EADDRINUSE", `listen EADDRINUSE ${address}: the name is in use`);
  const listener = new MemoryListener(name, accept, options.maxConnections ?? Number.POSITIVE_INFINITY);
  listeners.set(name, listener);
  return listener;
}

const listeners = new Map<string, MemoryListener>();

/** A write returns false once so many bytes wait for the reader. */
const highWater = 256 * 1024;

/** So many events of one end are told in microtasks before one waits for the next turn. */
const eventsPerTurn = 64;

class MemoryListener implements Listener {
  readonly address: string;
  readonly #name: string;
  readonly #accept: (transport: Transport) => void;
  readonly #most: number;
  #open = 0;

  constructor(name: string, accept: (transport: Transport) => void, most: number) {
    this.address = `memory://${name}`;
    this.#name = name;
    this.#accept = accept;
    this.#most = most;
  }

  connect(): Transport {
    if (this.#open >= this.#most) {
      throw platformError("ECONNREFUSED", `connect ECONNREFUSED ${this.address}: it has all the connections it takes`);
    }
    this.#open += 1;
    const [near, far] = connectedEnds(this.#name, () => {
      this.#open -= 1;
    });
    queueMicrotask(() => {
      // The listener may have gone meanwhile: then nobody is there to take it.
      if (listeners.get(this.#name) === this) this.#accept(far);
      else far.abort();
    });
    return near;
  }

  async close(): Promise<void> {
    if (listeners.get(this.#name) === this) listeners.delete(this.#name);
  }
}

/** `ended` is called once, when the second of the two has ended. */
function connectedEnds(name: string, ended?: () => void): [MemoryEnd, MemoryEnd] {
  const peer: Peer = { scheme: "memory", address: name };
  const near = new MemoryEnd(peer);
  const far = new MemoryEnd(peer, ended);
  near.join(far);
  far.join(near);
  return [near, far];
}

function nameIn(address: string): string {
  const name = /^memory:\/\/(.+)$/is.exec(address)?.[1];
  if (name === undefined) throw platformError("EINVAL", `"${address}" is no memory address: memory://name`);
  return name;
}

/**
 * open ── end of the peer queued ──▶ ending ── last chunk told ──▶ ended
 * open, ending ── close() or abort() of either side, as its method says ──▶ ended
 */
type State = "open" | "ending" | "ended";

class MemoryEnd implements Transport {
  readonly peer: Peer;
  #other!: MemoryEnd;
  readonly #onEnded: (() => void) | undefined;
  #handler: TransportHandler | undefined;
  #state: State = "open";
  #error: Error | undefined;
  #told = false;
  /** What the other end wrote and this one was not given yet: `#inbox` from `#head` on. */
  #inbox: Uint8Array[] = [];
  #head = 0;
  #inboxBytes = 0;
  /** Bytes of this side that the other dropped. */
  #dropped = 0;
  #paused = false;
  /** A write of this side returned false and no drain was told since. */
  #full = false;
  #scheduled = false;
  #events = 0;
  readonly #step = (): void => this.#deliver();

  constructor(peer: Peer, onEnded?: () => void) {
    this.peer = peer;
    this.#onEnded = onEnded;
  }

  join(other: MemoryEnd): void {
    this.#other = other;
  }

  get unsent(): number {
    // After an orderly close the other end will still be given what lies there.
    return this.#state === "ended" ? this.#dropped : this.#dropped + this.#other.#inboxBytes;
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) throw platformError("EALREADY", "this transport has been started already");
    this.#handler = handler;
    this.#schedule();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    const other = this.#other;
    if (chunk.length > 0) {
      other.#inbox.push(chunk);
      other.#inboxBytes += chunk.length;
      other.#schedule();
    }
    if (other.#inboxBytes >= highWater) this.#full = true;
    return other.#inboxBytes < highWater;
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
    this.#paused = false;
    this.#schedule();
  }

  /** What was written lies with the other end, which will be given it; so this side is done at once. */
  close(): void {
    if (this.#state === "ended") return;
    if (this.#state === "open") this.#other.#peerEnded();
    this.#end();
  }

  abort(): void {
    if (this.#state === "ended") return;
    const other = this.#other;
    if (other.#state !== "ended") {
      other.#error = platformError("ECONNRESET", "the other end aborted the connection");
      other.#end();
    }
    this.#end();
  }

  #peerEnded(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#schedule();
  }

  #end(): void {
    this.#state = "ended";
    this.#other.#dropped += this.#inboxBytes;
    this.#inbox = [];
    this.#head = 0;
    this.#inboxBytes = 0;
    this.#schedule();
    this.#onEnded?.();
  }

  #schedule(): void {
    if (this.#scheduled || this.#handler === undefined) return;
    this.#scheduled = true;
    if (++this.#events % eventsPerTurn === 0) platform.yieldTurn(this.#step);
    else queueMicrotask(this.#step);
  }

  /** One event each time, so that what a handler starts by promises has a turn before the next, as on a socket. */
  #deliver(): void {
    this.#scheduled = false;
    const handler = this.#handler;
    if (handler === undefined || this.#told) return;
    if (this.#state === "ended") {
      this.#told = true;
      handler.closed(this.#error);
      return;
    }
    if (this.#full && this.#state === "open" && this.#other.#inboxBytes === 0) {
      this.#full = false;
      try {
        handler.drain();
      } finally {
        this.#schedule();
      }
      return;
    }
    if (this.#paused) return;
    if (this.#inboxBytes > 0) {
      try {
        handler.data(this.#take());
      } finally {
        this.#schedule();
      }
    } else if (this.#state === "ending") {
      this.#end();
    }
  }

  #take(): Uint8Array {
    const chunk = this.#inbox[this.#head] as Uint8Array;
    this.#head += 1;
    if (this.#head * 2 >= this.#inbox.length) {
      this.#inbox.splice(0, this.#head); // moves at most as many as were taken since the last time
      this.#head = 0;
    }
    this.#inboxBytes -= chunk.length;
    if (this.#inboxBytes === 0 && this.#other.#full) this.#other.#schedule();
    return chunk;
  }
}
