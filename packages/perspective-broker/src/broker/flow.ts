// How fast a conversation goes: no more of what has come is handled in a turn than its share, and nothing more is read while the
// peer lets too much of ours wait.

import { platform } from "#platform";
import { type CloseReason, LimitExceeded } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Codec } from "../wire/dialect.ts";
import type { BrokerSession } from "./settings.ts";

export interface FlowSetup {
  readonly codec: Codec;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly session: BrokerSession;
  /** The conversation has ended. */
  readonly lost: CloseReason | undefined;
  /** Our own calls. */
  readonly outgoingIfAny: { readonly awaited: number; readonly gate: { readonly bytes: number } } | undefined;
  /** There may be room for those who wait with their calls. */
  tellCallers(): void;
  /** Something was thrown that ends the connection. */
  failed(error: unknown): void;
}

export class Flow {
  readonly #setup: FlowSetup;
  #yielded = false;
  #stalled = false;

  constructor(setup: FlowSetup) {
    this.#setup = setup;
  }

  receive(chunk: Uint8Array): void {
    this.#setup.codec.receive(chunk);
    if (!this.#yielded) this.#handle();
  }

  /** A call was put into the outbox. */
  called(): void {
    const { codec, session } = this.#setup;
    // Where nothing of a call can be changed any more, there is nothing to wait for.
    if (codec.more === undefined) session.output.written();
    else session.output.called();
    this.#checkOutput();
  }

  /** A message was put into the outbox. */
  written(): void {
    this.#setup.session.output.written();
    this.#checkOutput();
  }

  /** Something of the peer is awaited, or it has read. */
  readAgain(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#setReading();
  }

  /** Handles what has come, but no more than a turn's share of it: others want their turn, too. */
  #handle(): void {
    const setup = this.#setup;
    const { limits, clock, codec } = setup;
    const start = clock.now();
    try {
      for (let n = 1; setup.lost === undefined && codec.next(); n++) {
        if (n < limits.turnCalls && (n % 16 !== 0 || clock.now() - start < limits.turnMilliseconds)) continue;
        this.#yielded = true;
        this.#setReading();
        platform.yieldTurn(() => {
          this.#yielded = false;
          this.#setReading();
          this.#handle();
        });
        return;
      }
    } catch (error) {
      setup.failed(error);
    }
  }

  #checkOutput(): void {
    const { session, limits, outgoingIfAny } = this.#setup;
    this.#setup.tellCallers();
    const held = outgoingIfAny?.gate.bytes ?? 0;
    if (!session.output.congested && held <= limits.outputBytes) return;
    const { unsent } = session.output;
    if (unsent + held > limits.outputBytes * 2) {
      const message = `the peer takes nothing: more than twice limits.outputBytes (${limits.outputBytes}) wait to be sent`;
      session.fail({ code: "LIMIT_EXCEEDED", message, error: new LimitExceeded("outputBytes", message) });
    } else if (!this.#stalled && (outgoingIfAny?.awaited ?? 0) === 0 && unsent > limits.outputBytes / 4) {
      // Nothing of the peer is awaited, so nobody can be waiting for us to read: let it wait until it has read our answers.
      this.#stalled = true;
      this.#setReading();
    }
  }

  #setReading(): void {
    const { session } = this.#setup;
    if (this.#yielded || this.#stalled) session.pause();
    else session.resume();
  }
}
