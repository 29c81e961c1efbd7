// When what was encoded is written: the first frame of a turn at once, the rest of the turn together when it ends, and in
// between whenever 4 KiB or 24 frames wait (measured: bench/README.md, "Write policy"). One write per frame would cost a system
// call each; waiting for the end of the turn alone would make both processes wait for each other, and so would bytes alone
// where frames are small: all the calls in flight would go to and fro in one piece. Calls are not among the 24: one that has
// left cannot be called through any more in the same flight, and answers that come in parts make calls that leave in parts.
import { platform } from "#platform";
import type { Transport } from "../transport/transport.ts";
import type { Outbox } from "../wire/outbox.ts";

const EAGER_BYTES = 4096;
const EAGER_FRAMES = 24;

export class Output {
  /** The transport asked to be given time. */
  congested = false;
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  #scheduled = false;
  #first = false;
  /** Put into the outbox since the last write, but for calls. */
  #frames = 0;

  constructor(transport: Transport, outbox: Outbox) {
    this.#transport = transport;
    this.#outbox = outbox;
  }

  /** A frame was put into the outbox. */
  written(): void {
    if (this.#scheduled) {
      if (++this.#frames >= EAGER_FRAMES || this.#outbox.waiting >= EAGER_BYTES) this.flush();
      return;
    }
    this.#schedule();
    this.flush();
  }

  /**
   * A call was put into the outbox, which may be changed by what is called through its result: the turn's first one is written
   * when somebody wants its result, which is in the same turn nearly always.
   */
  called(): void {
    if (this.#scheduled) return;
    this.#first = true;
    this.#schedule();
  }

  /** Somebody wants the result of a call. */
  wanted(): void {
    if (!this.#first) return;
    this.#first = false;
    this.flush();
  }

  /** A further call is going to be put into the outbox. */
  calling(): void {
    if (this.#scheduled && this.#outbox.waiting >= EAGER_BYTES) this.flush();
  }

  flush(): void {
    this.#frames = 0;
    if (this.#outbox.waiting === 0) return;
    const chunks = this.#outbox.take();
    const only = chunks.length === 1 ? chunks[0] : undefined;
    const room = only === undefined ? this.#transport.writev(chunks) : this.#transport.write(only);
    if (!room) this.congested = true;
  }

  /** Bytes that were encoded and are not yet with the platform. */
  get unsent(): number {
    return this.#outbox.waiting + this.#transport.unsent;
  }

  /** How many bytes of all that was ever encoded the platform has taken. */
  get sent(): number {
    return this.#outbox.total - this.unsent;
  }

  #schedule(): void {
    this.#scheduled = true;
    if (written.push(this) === 1) platform.endOfTurn(endTurn);
  }

  /** The turn in which something was written is over. */
  endTurn(): void {
    this.#scheduled = false;
    this.#first = false;
    this.flush();
  }
}

// Those that wrote in this turn. One for the process: an event to a thousand subscribers waits for the end of the turn once.
let written: Output[] = [];

function endTurn(): void {
  const outputs = written;
  written = [];
  for (const output of outputs) output.endTurn();
}
