// A peer that says exactly what a test tells it to, message by message, in Banana of its own: it shares no code with the
// library, so that both cannot be wrong in the same way. It speaks dialect `none`, where every word is spelled out.
import {
  type Connection,
  type ConnectOptions,
  connect,
  memoryPair,
  type Server,
  type Transport,
} from "../../src/index.ts";
import { turnOver } from "./ends.ts";

/** Texts are byte strings here, one byte a character. */
export type Term = number | bigint | string | Uint8Array | readonly Term[];

/** Connects to a server as a client would, and has agreed on `none` with it when this resolves. */
export async function rawClient(server: Server): Promise<RawPeer> {
  const peer = strangerTo(server);
  await peer.hears(); // the greeting
  peer.says("none");
  peer.says(["version", 6]);
  await peer.hears(); // its version
  return peer;
}

/** A transport to a server that has said nothing yet. */
export function strangerTo(server: Server): RawPeer {
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  server.accept(near);
  return peer;
}

/** Serves one client of ours. */
export async function rawServer<T = any>(
  options: ConnectOptions = {},
): Promise<{ peer: RawPeer; connection: Connection<T> }> {
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  peer.says(["none"]);
  const connection = await connect<T>(near, options);
  await peer.hears(); // its choice
  await peer.hears(); // its version
  peer.says(["version", 6]);
  return { peer, connection };
}

export class RawPeer {
  /** What was heard and not yet asked for. */
  readonly heard: Term[] = [];
  /** Whether the other side has ended the connection. */
  ended = false;
  /** The bytes heard so far. */
  bytes = 0;
  readonly #transport: Transport;
  #rest = new Uint8Array(0);

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

  /** Sends expressions, in one chunk. */
  says(...terms: Term[]): void {
    this.sends(Buffer.concat(terms.map(encode)));
  }

  /** Sends bytes as they are. */
  sends(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  /** `[message id object method 1 [tuple …] [dictionary]]` */
  calls(id: number, object: number | string, method: string, ...args: Term[]): void {
    this.says(["message", id, object, method, 1, ["tuple", ...args], ["dictionary"]]);
  }

  /** The next message, once it is there. */
  async hears(): Promise<Term> {
    for (let turn = 0; this.heard.length === 0; turn++) {
      if (this.ended) throw new Error("the other side has ended the connection");
      if (turn > 2000) throw new Error("nothing was heard");
      await turnOver();
    }
    return this.heard.shift() as Term;
  }

  /** Everything that was said, when there has been nothing more for a while. */
  async hearsAll(): Promise<Term[]> {
    for (let turn = 0; turn < 20; turn++) await turnOver();
    return this.heard.splice(0);
  }

  /** Waits for the other side to end the connection. */
  async hangsUp(): Promise<void> {
    for (let turn = 0; !this.ended; turn++) {
      if (turn > 2000) throw new Error("the other side keeps the connection open");
      await turnOver();
    }
  }

  stopsReading(): void {
    this.#transport.pause();
  }

  readsOn(): void {
    this.#transport.resume();
  }

  closes(): void {
    this.#transport.close();
  }

  vanishes(): void {
    this.#transport.abort();
  }

  #data(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const found = decode(this.#rest, 0);
      if (found === undefined) return;
      this.heard.push(found.term);
      this.#rest = this.#rest.subarray(found.end);
    }
  }
}

/** One expression in Banana, dialect `none` (spec §2). */
export function encode(term: Term): Uint8Array {
  if (typeof term === "string") return encode(Buffer.from(term, "latin1"));
  if (typeof term === "number" || typeof term === "bigint") {
    const value = BigInt(term);
    const small = value >= -(2n ** 31n) && value < 2n ** 31n;
    return Uint8Array.of(
      ...digits(value < 0n ? -value : value),
      (small ? 0x81 : 0x85) + (value < 0n ? (small ? 2 : 1) : 0),
    );
  }
  if (term instanceof Uint8Array) return Buffer.concat([Uint8Array.of(...digits(BigInt(term.length)), 0x82), term]);
  return Buffer.concat([Uint8Array.of(...digits(BigInt(term.length)), 0x80), ...term.map(encode)]);
}

/** The expression at `start` and where it ends; undefined if it is not complete. Byte strings become texts. */
export function decode(bytes: Uint8Array, start: number): { term: Term; end: number } | undefined {
  let at = start;
  let value = 0n;
  for (let shift = 0n; at < bytes.length && (bytes[at] as number) < 0x80; shift += 7n) {
    value |= BigInt(bytes[at++] as number) << shift;
  }
  const type = bytes[at++];
  const count = Number(value);
  switch (type) {
    case undefined:
      return undefined;
    case 0x80: {
      const items: Term[] = [];
      for (let i = 0; i < count; i++) {
        const item = decode(bytes, at);
        if (item === undefined) return undefined;
        items.push(item.term);
        at = item.end;
      }
      return { term: items, end: at };
    }
    case 0x82:
      if (bytes.length < at + count) return undefined;
      return { term: Buffer.from(bytes.subarray(at, at + count)).toString("latin1"), end: at + count };
    case 0x84:
      if (bytes.length < at + 8) return undefined;
      return { term: Buffer.from(bytes).readDoubleBE(at), end: at + 8 };
    case 0x81:
    case 0x85:
      return { term: count, end: at };
    case 0x83:
    case 0x86:
      return { term: -count, end: at };
    default:
      throw new Error(`no element begins with ${type}`);
  }
}

function digits(value: bigint): number[] {
  const list: number[] = [];
  for (let rest = value; rest > 0n || list.length === 0; rest >>= 7n) list.push(Number(rest & 0x7fn));
  return list;
}
