// A transport over a connected socket of node:net or node:tls, the one that tcp, unix and tls share. A write is one
// write of the socket: when to write and what to join is decided above. Knows nothing of addresses.
import type { Socket } from "node:net";
import { platformError } from "./platform-error.ts";
import type { Peer, Transport, TransportHandler } from "./transport.ts";

/** `write` returns false once so many bytes wait. */
export const highWater: number = 256 * 1024;

/** Gathered writes below this are joined: a copy of so little costs less than a write of many pieces. */
const joinBelow = 1024;

/** Milliseconds that a closing transport, all of its bytes sent, waits for the peer's end. */
const lingerTime = 5_000;

/**
 * While bytes are still to be sent it waits longer: so many times as long when nothing moves (a system's buffer of
 * megabytes must empty by a good part before anything moves again), and so many times in all, for a peer that
 * goes on sending but takes nothing.
 */
const [idleTimes, allTimes] = [6, 60];

/**
 * open ── close(), or end of the peer ──▶ ending: nothing is written or told any more, what waits is being sent
 * open, ending ── abort(), failure, all is sent and both have ended ──▶ closed
 */
type State = "open" | "ending" | "closed";

// One set of listeners for all sockets; each finds its transport at the socket that it is called on.
const carried = Symbol("transport");

interface Carrier extends Socket {
  [carried]: StreamSocket;
}

function onData(this: Socket, chunk: Uint8Array): void {
  (this as Carrier)[carried].received(chunk);
}

function onDrain(this: Socket): void {
  (this as Carrier)[carried].drained();
}

function onEnd(this: Socket): void {
  (this as Carrier)[carried].peerEnded();
}

function onError(this: Socket, error: Error): void {
  (this as Carrier)[carried].failed(error);
}

function onClose(this: Socket): void {
  (this as Carrier)[carried].socketClosed();
}

/** Takes over `socket`, which is connected (with TLS, secured) and has no data listener. */
export class StreamSocket implements Transport {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #linger: number;
  #handler: TransportHandler | undefined;
  #state: State = "open";
  /** Why it ended, if that was not in order. */
  #error: Error | undefined;
  /** `#error` no longer matters: this side aborted, or the peer ended in order before. */
  #excused = false;
  #timer: NodeJS.Timeout | undefined;
  /** A write returned false and no drain was told since. */
  #full = false;
  /** Bytes written, ever. */
  #accepted = 0;
  /** Of these, how many the socket had given to the platform when this was last looked at; see `#look`. */
  #given = 0;

  constructor(socket: Socket, peer: Peer, linger: number = lingerTime) {
    this.peer = peer;
    this.#socket = socket;
    this.#linger = linger;
    (socket as Carrier)[carried] = this;
    socket.on("drain", onDrain).on("end", onEnd).on("error", onError).on("close", onClose);
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) throw platformError("EALREADY", "this transport has been started already");
    this.#handler = handler;
    if (this.#state === "closed") {
      process.nextTick(() => this.#tellClosed());
      return;
    }
    if (this.#full && this.#socket.writableLength === 0) process.nextTick(() => this.drained());
    // Starts the flow, in the next tick, unless pause() was called before.
    this.#socket.on("data", onData);
  }

  // ---- What the socket tells

  received(chunk: Uint8Array): void {
    if (this.#state === "open") this.#handler?.data(chunk);
  }

  drained(): void {
    if (!this.#full || this.#handler === undefined || this.#state !== "open") return;
    this.#full = false;
    this.#handler.drain();
  }

  peerEnded(): void {
    if (this.#error === undefined) this.#excused = true;
    if (this.#state === "open") this.#finish();
  }

  failed(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy(); // node:tls leaves it open after an alert
  }

  socketClosed(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    // After an end that was sent completely it does not matter how the peer took leave.
    if (this.#socket.writableFinished) this.#excused = true;
    this.#tellClosed();
  }

  // ---- Transport

  write(chunk: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#account(chunk.length);
    this.#socket.write(chunk);
    return this.#hasRoom();
  }

  writev(chunks: readonly Uint8Array[]): boolean {
    const [first] = chunks;
    if (first === undefined || this.#state !== "open") return true;
    if (chunks.length === 1) return this.write(first);
    let total = 0;
    for (const chunk of chunks) total += chunk.length;
    this.#account(total);
    if (total < joinBelow) {
      this.#socket.write(Buffer.concat(chunks, total));
    } else {
      this.#socket.cork();
      for (const chunk of chunks) this.#socket.write(chunk);
      this.#socket.uncork();
    }
    return this.#hasRoom();
  }

  get unsent(): number {
    // A socket that is gone knows what it gave to the platform; it counts what it still held as given until it has
    // let go of it, which errs on the right side.
    if (this.#socket.destroyed) return Math.max(0, this.#accepted - this.#socket.bytesWritten);
    this.#look(this.#socket.writableLength);
    return this.#accepted - this.#given;
  }

  get underway(): number {
    // What the system has not taken of a write that goes on: where Node itself looks before it calls a socket idle. With TLS the
    // handle below it is the one that writes.
    let waiting = this.#socket.writableLength;
    let { _handle: handle } = this.#socket as unknown as { readonly _handle?: Handle | null };
    for (; handle; handle = handle._parent) waiting += handle.writeQueueSize ?? 0;
    return waiting;
  }

  pause(): void {
    if (this.#state === "open") this.#socket.pause();
  }

  resume(): void {
    if (this.#state === "open") this.#socket.resume();
  }

  close(): void {
    if (this.#state === "open") this.#finish();
  }

  abort(): void {
    if (this.#state === "closed") return;
    this.#state = "ending";
    this.#excused = true;
    this.#socket.destroy();
  }

  #account(length: number): void {
    const waiting = this.#socket.writableLength;
    this.#look(waiting);
    this.#accepted += length;
    // With nothing before it, it is given to the platform in this very call.
    if (waiting === 0) this.#given = this.#accepted;
  }

  /**
   * A socket gives one write at a time to the platform; what comes meanwhile waits, counted in writableLength together
   * with the write under way, and is given all at once when that is done. So when all that was known to be given
   * is done, everything that waited since has been given. Exact because it is called before each write.
   */
  #look(waiting: number): void {
    if (this.#accepted - waiting >= this.#given) this.#given = this.#accepted;
  }

  #hasRoom(): boolean {
    if (this.#socket.writableLength < highWater) return true;
    this.#full = true; // the socket's own mark is no higher, so its drain will come
    return false;
  }

  /** Sends what waits and ends; goes on reading, because unread bytes would make the platform reset the connection. */
  #finish(): void {
    this.#state = "ending";
    const socket = this.#socket;
    this.#giveUpAfter(this.#linger * allTimes);
    socket.setTimeout(this.#linger * idleTimes, () => this.#giveUp()); // progress of a slow write is activity
    socket.end(() => this.#giveUpAfter(this.#linger));
    socket.resume();
  }

  #giveUpAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#state === "closed") return;
    this.#timer = setTimeout(() => this.#giveUp(), milliseconds).unref();
  }

  #giveUp(): void {
    const { writableFinished } = this.#socket;
    this.#socket.destroy(
      writableFinished
        ? undefined
        : platformError("ETIMEDOUT", "write ETIMEDOUT: the peer did not take the last bytes"),
    );
  }

  #tellClosed(): void {
    this.#handler?.closed(this.#excused ? undefined : this.#error);
  }
}

/** Node's own, as far as it is used here; all of it may be missing. */
interface Handle {
  readonly writeQueueSize?: number;
  readonly _parent?: Handle | null;
}
