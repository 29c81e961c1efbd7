// The frames of pb7 (docs/pb7.md, "Frames"): their types, and bytes from the transport cut into frames. A frame that lies whole in
// a chunk is read where it is; one that is cut off is gathered in a buffer that grows as bytes arrive, never on a peer's word.
import { platform } from "#platform";
import { LimitExceeded, ProtocolError } from "../../errors.ts";
import { HEAD, LARGEST_BODY } from "./tags.ts";

export const frames = {
  ping: 0x01,
  pong: 0x02,
  ack: 0x03,
  bye: 0x06,
  hello: 0x10,
  name: 0x11,
  shape: 0x12,
  call: 0x13,
  answer: 0x14,
  failure: 0x15,
  release: 0x16,
  decache: 0x17,
  uncache: 0x18,
  drop: 0x19,
  pull: 0x1a,
  cancel: 0x1b,
  credit: 0x1c,
  echo: 0x1d,
  echoed: 0x1e,
  piece: 0x1f,
  taken: 0x20,
  void: 0x21,
  item: 0x22,
  end: 0x23,
  break: 0x24,
  want: 0x25,
  stop: 0x26,
  throw: 0x27,
  probe: 0x28,
} as const;

/** Frames of lower types are about the connection and not numbered. */
const CONVERSATION = 0x10;

/** A frame that is larger gets its buffer in steps. */
const TRUSTED = 128 * 1024;

const NOTHING = new Uint8Array(0);

export class FrameInbox {
  type = 0;
  /** The body of the frame that `next` found: `buffer[start, end)`. The buffer is never written again. */
  buffer: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Of a PIECE: its transfer. `buffer[start, end)` is the bytes alone, and perhaps not all of them: the rest comes as another. */
  transfer = 0;
  /** Bytes of the conversation so far. */
  received = 0;
  readonly #limit: number;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  #chunks: Uint8Array[] | undefined;
  #next = 0;
  // The beginning of a frame that is cut off.
  #gathered: Uint8Array | undefined;
  #have = 0;
  #need = 0;
  // Bytes of a piece that are still to come. They are handed on as they come: gathered, they would be copied twice.
  #pieceRest = 0;

  constructor(limit: number) {
    this.#limit = Math.min(limit, LARGEST_BODY);
  }

  receive(chunk: Uint8Array): void {
    if (this.#at === this.#chunk.length && this.#chunks === undefined) {
      this.#chunk = chunk;
      this.#at = 0;
    } else if (chunk.length > 0) {
      this.#chunks ??= [];
      this.#chunks.push(chunk);
    }
  }

  /** Finds the next whole frame. Throws LimitExceeded for one that is larger than what is read here. */
  next(): boolean {
    for (;;) {
      const rest = this.#chunk.length - this.#at;
      if (this.#pieceRest > 0 && rest > 0) {
        this.#foundPiece(this.#at, rest);
        return true;
      }
      if (this.#pieceRest > 0) {
        // No other frame can stand here.
      } else if (this.#gathered !== undefined) {
        if (this.#gather(rest)) return true;
      } else if (rest >= HEAD) {
        const body = this.#bodyAt(this.#chunk, this.#at);
        if (rest >= HEAD + body || (rest >= HEAD + LONGEST_VARINT && this.#chunk[this.#at] === frames.piece)) {
          this.#found(this.#chunk, this.#at, body);
          return true;
        }
        this.#begin(HEAD + body);
        continue;
      } else if (rest > 0) {
        this.#begin(HEAD);
        continue;
      }
      if (this.#at === this.#chunk.length && !this.#more()) return false;
    }
  }

  #more(): boolean {
    const chunks = this.#chunks;
    const chunk = chunks?.[this.#next];
    if (chunks === undefined || chunk === undefined) {
      // Nothing is kept of a chunk that was read to its end.
      this.#chunk = this.buffer = NOTHING;
      this.#at = 0;
      return false;
    }
    chunks[this.#next++] = NOTHING;
    if (this.#next === chunks.length) {
      this.#chunks = undefined;
      this.#next = 0;
    }
    this.#chunk = chunk;
    this.#at = 0;
    return true;
  }

  #begin(need: number): void {
    this.#need = need;
    this.#have = 0;
    this.#gathered = platform.allocate(Math.min(need, TRUSTED));
  }

  /** Takes what the chunk has of the frame; true when it is whole. */
  #gather(rest: number): boolean {
    const take = Math.min(rest, this.#need - this.#have);
    if (take > 0) this.#append(take);
    if (this.#have < this.#need) return false;
    const gathered = this.#gathered as Uint8Array;
    if (this.#need === HEAD) {
      this.#need = HEAD + this.#bodyAt(gathered, 0);
      if (this.#need > HEAD) return false;
    }
    this.#gathered = undefined;
    const at = this.#at;
    this.#found(gathered, 0, this.#need - HEAD);
    this.#at = at;
    return true;
  }

  #append(take: number): void {
    let gathered = this.#gathered as Uint8Array;
    if (this.#have + take > gathered.length) {
      const larger = platform.allocate(Math.min(this.#need, Math.max(TRUSTED, (this.#have + take) * 2)));
      larger.set(gathered.subarray(0, this.#have));
      gathered = larger;
      this.#gathered = larger;
    }
    gathered.set(this.#chunk.subarray(this.#at, this.#at + take), this.#have);
    this.#have += take;
    this.#at += take;
  }

  #bodyAt(bytes: Uint8Array, at: number): number {
    const body = (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8) | ((bytes[at + 3] as number) << 16);
    if (body > this.#limit) {
      throw new LimitExceeded("message", `a message is larger than limits.message (${this.#limit} bytes)`);
    }
    return body;
  }

  #found(buffer: Uint8Array, at: number, body: number): void {
    this.type = buffer[at] as number;
    this.buffer = buffer;
    this.start = at + HEAD;
    this.end = at + HEAD + body;
    this.#at = this.end;
    if (this.type === frames.piece) this.#beginPiece(body);
    else if (this.type >= CONVERSATION) this.received += HEAD + body;
  }

  #beginPiece(body: number): void {
    let transfer = 0;
    let scale = 1;
    let at = this.start;
    for (let byte = 0x80; byte >= 0x80; at++) {
      if (at >= this.end || at - this.start === LONGEST_VARINT) throw new ProtocolError("a piece of no transfer");
      byte = this.buffer[at] as number;
      transfer += (byte & 0x7f) * scale;
      scale *= 128;
    }
    this.transfer = transfer;
    this.received += HEAD + at - this.start;
    this.#pieceRest = body - (at - this.start);
    this.#foundPiece(at, this.buffer.length - at);
  }

  /** What has come of a piece, from `at` on. */
  #foundPiece(at: number, rest: number): void {
    const take = Math.min(rest, this.#pieceRest);
    this.type = frames.piece;
    if (at === this.#at) this.buffer = this.#chunk;
    this.start = at;
    this.end = at + take;
    this.#at = this.end;
    this.#pieceRest -= take;
    this.received += take;
  }
}

const LONGEST_VARINT = 8;
