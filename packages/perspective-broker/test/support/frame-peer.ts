// A peer that speaks pb7 by hand, frame by frame, and says nothing by itself, not even a PONG. It shares no code with the library.
import {
  type Connection,
  type ConnectOptions,
  connect,
  memoryPair,
  pb7,
  type Server,
  type Transport,
} from "../../src/index.ts";
import { turnOver } from "./ends.ts";
import { decode, encode } from "./raw-peer.ts";

export interface Frame {
  readonly type: number;
  readonly body: Uint8Array;
}

export const PING = 0x01;
export const PONG = 0x02;
export const ACK = 0x03;
export const BYE = 0x06;
export const HELLO = 0x10;
export const CALL = 0x13;

/** A client that has chosen pb7 and said nothing more. */
export async function frameClient(server: Server): Promise<FramePeer> {
  const [near, far] = memoryPair();
  const peer = new FramePeer(far);
  server.accept(near);
  await peer.negotiated();
  peer.sends(encode("pb7"));
  return peer;
}

/** A server that has offered pb7 and said nothing more; `connecting` is the client's `connect`. */
export async function frameServer<T = any>(
  options: ConnectOptions = {},
): Promise<{ peer: FramePeer; connecting: Promise<Connection<T>> }> {
  const [near, far] = memoryPair();
  const peer = new FramePeer(far);
  peer.sends(encode(["pb7"]));
  const connecting = connect<T>(near, { dialects: [pb7], log: () => {}, ...options });
  connecting.catch(() => {});
  await peer.negotiated();
  return { peer, connecting };
}

export class FramePeer {
  /** What was heard and not yet asked for. */
  readonly heard: Frame[] = [];
  ended = false;
  /** Bytes heard so far. */
  bytes = 0;
  /** Whether each PING is answered. */
  answers = false;
  /** Stops reading after so many chunks. */
  #chunks = Number.POSITIVE_INFINITY;
  readonly #transport: Transport;
  #rest: Uint8Array = new Uint8Array(0);
  #negotiated = false;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.start({
      data: (chunk) => this.#data(chunk),
      drain: () => {},
      closed: () => {
        this.ended = true;
      },
    });
  }

  says(type: number, ...body: number[]): void {
    this.sends(frame(type, ...body));
  }

  /** HELLO with a heartbeat, in milliseconds, and enough of the rest. */
  greets(heartbeat = 0): void {
    this.says(HELLO, 1, 1, ...varint(1000), 2, ...varint(1000), 3, ...varint(2 ** 20), 5, ...varint(heartbeat));
  }

  sends(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  /** As the system does for a program that ends. */
  leaves(): void {
    this.#transport.close();
  }

  stopsReading(): void {
    this.#transport.pause();
  }

  /** Reads on, up to a number of chunks. */
  readsOn(chunks: number = Number.POSITIVE_INFINITY): void {
    this.#chunks = chunks;
    this.#transport.resume();
  }

  /** How many frames of a type were heard and not yet asked for. */
  count(type: number): number {
    return this.heard.filter((one) => one.type === type).length;
  }

  /** The next frame of a type; what came before it is forgotten. */
  async hears(type: number): Promise<Uint8Array> {
    for (let turn = 0; ; turn++) {
      for (let one = this.heard.shift(); one !== undefined; one = this.heard.shift()) {
        if (one.type === type) return one.body;
      }
      if (this.ended) throw new Error("the other side has ended the connection");
      if (turn > 2000) throw new Error(`no frame of type ${type} was heard`);
      await turnOver();
    }
  }

  async hangsUp(): Promise<void> {
    for (let turn = 0; !this.ended; turn++) {
      if (turn > 2000) throw new Error("the other side keeps the connection open");
      await turnOver();
    }
  }

  async negotiated(): Promise<void> {
    for (let turn = 0; !this.#negotiated && turn < 2000; turn++) await turnOver();
  }

  #data(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (--this.#chunks === 0) this.#transport.pause();
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#negotiated) {
      const found = decode(this.#rest, 0);
      if (found === undefined) return;
      this.#negotiated = true;
      this.#rest = this.#rest.subarray(found.end);
    }
    for (;;) {
      const [type, low = 0, middle = 0, high = 0] = this.#rest;
      const end = 4 + low + middle * 256 + high * 65_536;
      if (type === undefined || this.#rest.length < Math.max(4, end)) return;
      this.heard.push({ type, body: this.#rest.slice(4, end) });
      if (type === PING && this.answers) this.says(PONG);
      this.#rest = this.#rest.subarray(end);
    }
  }
}

export function frame(type: number, ...body: number[]): Uint8Array {
  const { length } = body;
  return Uint8Array.of(type, length & 255, (length >> 8) & 255, length >> 16, ...body);
}

export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** A string as a value of pb7. */
export function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  if (bytes.length !== value.length) return [0x09, ...varint(bytes.length), ...bytes];
  return value.length < 64 ? [0x40 + value.length, ...bytes] : [0x08, ...varint(bytes.length), ...bytes];
}

/** The strings that a body consists of. */
export function texts(body: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < body.length; ) {
    const tag = body[at++] as number;
    let length = tag - 0x40;
    if (tag < 0x40) {
      length = 0;
      for (let shift = 1, more = true; more; shift *= 128) {
        const byte = body[at++] as number;
        length += (byte & 127) * shift;
        more = byte > 127;
      }
    }
    found.push(new TextDecoder().decode(body.subarray(at, at + length)));
    at += length;
  }
  return found;
}
