// Large leaves on their way out (docs/pb7.md, "Pieces"): a piece of one, then of the next, and no more on the way than the peer has
// taken: so what else is to be said gets through in between.
import type { Clock } from "../../platform/clock.ts";
import type { Outbox } from "../outbox.ts";
import { frames } from "./frames.ts";
import type { Transfer } from "./late-leaves.ts";
import { type FrameBounds, FrameWriter, largestBody } from "./writer.ts";

/** What counts is the window; larger pieces only cost less. */
const PIECE = 64 * 1024;

/** Bytes of the longest number of a transfer, which stands in the same body. */
const LONGEST_NUMBER = 8;

/** Measured on loopback: with 256 KiB the p99 of other calls stays under five times the idle one, without a bound above 200. */
const WINDOW = 256 * 1024;

/** From this way there and back on, the window follows the product of delay and rate. */
const SLOW = 5;
const LARGEST_WINDOW = 64 * 1024 * 1024;

interface Going extends Transfer {
  at: number;
}

export class PiecesOut {
  /** Bytes of transfers whose end the peer has not taken yet. */
  open = 0;
  readonly #bounds: FrameBounds;
  readonly #outbox: Outbox;
  readonly #clock: Clock | undefined;
  #going: Going[] = [];
  #next = 0;
  #sent = 0;
  #taken = 0;
  #window = WINDOW;
  // Transfers that are sent to their ends: where each ends in all that was ever sent, and its length.
  #ended: { readonly at: number; readonly length: number }[] = [];
  // One measurement at a time, from a piece that is sent until it is taken.
  #measuring: { readonly since: number; readonly from: number; readonly until: number } | undefined;
  #delay = Number.POSITIVE_INFINITY;
  #rate = 0;

  constructor(bounds: FrameBounds, outbox: Outbox, clock: Clock | undefined) {
    this.#bounds = bounds;
    this.#outbox = outbox;
    this.#clock = clock;
  }

  /** Whether something has not been sent to its end. */
  get waiting(): boolean {
    return this.#going.length > 0;
  }

  begin(transfers: readonly Transfer[]): void {
    for (const transfer of transfers) {
      this.#going.push({ ...transfer, at: 0 });
      this.open += transfer.bytes.length;
    }
  }

  /** Forgets what a call has of transfers that were not sent to their ends, and returns their numbers. */
  stop(call: number): number[] {
    const stopped = this.#going.filter((going) => going.call === call);
    if (stopped.length === 0) return [];
    for (const { bytes } of stopped) this.open -= bytes.length;
    this.#going = this.#going.filter((going) => going.call !== call);
    this.#next = 0;
    return stopped.map(({ id }) => id);
  }

  /** Sends what may be sent; true if it stopped because `until()` said so. */
  send(until: () => boolean): boolean {
    while (this.#going.length > 0 && this.#sent - this.#taken < this.#window) {
      if (until()) return true;
      if (this.#next >= this.#going.length) this.#next = 0;
      this.#piece(this.#going[this.#next] as Going);
    }
    if (this.#measuring === undefined && this.#clock !== undefined && this.#sent > this.#taken) {
      this.#measuring = { since: this.#clock.now(), from: this.#taken, until: this.#sent };
    }
    return false;
  }

  /** The peer has taken so many bytes of pieces. False if it was never sent so many. */
  taken(bytes: number): boolean {
    this.#taken += bytes;
    if (this.#taken > this.#sent) return false;
    while (this.#ended.length > 0 && (this.#ended[0] as { at: number }).at <= this.#taken) {
      this.open -= (this.#ended.shift() as { length: number }).length;
    }
    if (this.#measuring !== undefined && this.#taken >= this.#measuring.until) this.#measured(this.#measuring);
    return true;
  }

  #piece(going: Going): void {
    const { id, bytes, at } = going;
    // A side that reads small messages only reads small pieces only.
    const most = Math.max(1, Math.min(PIECE, largestBody(this.#bounds) - LONGEST_NUMBER));
    const end = Math.min(at + most, bytes.length);
    const writer = FrameWriter.one;
    writer.begin(frames.piece, this.#bounds);
    try {
      writer.varint(id);
      writer.cut(bytes.subarray(at, end));
      writer.seal();
    } catch (error) {
      writer.rollback();
      throw error;
    }
    writer.end(this.#outbox);
    this.#sent += end - at;
    going.at = end;
    if (end < bytes.length) {
      this.#next++;
      return;
    }
    this.#going.splice(this.#next, 1);
    this.#ended.push({ at: this.#sent, length: bytes.length });
  }

  /** The window follows the rate as long as a larger one makes it faster; queues on the way do not count as delay. */
  #measured({ since, from }: { since: number; from: number }): void {
    this.#measuring = undefined;
    const delay = Math.max((this.#clock as Clock).now() - since, 0.01);
    this.#delay = Math.min(this.#delay, delay);
    this.#rate = Math.max(this.#rate, (this.#taken - from) / delay);
    const product = this.#delay > SLOW ? this.#rate * this.#delay * 1.25 : 0;
    this.#window = Math.min(Math.max(WINDOW, product), LARGEST_WINDOW);
  }
}
