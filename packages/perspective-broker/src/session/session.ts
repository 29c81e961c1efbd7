// The life of one connection below the objects: negotiation, time for it, bytes to and from the transport, and its end with a
// named reason, told once.
import { type CloseReason, HandshakeTimeout, NegotiationError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transport } from "../transport/transport.ts";
import type { Dialect } from "../wire/dialect.ts";
import { Outbox } from "../wire/outbox.ts";
import { Negotiation } from "./negotiation.ts";
import { Output } from "./output.ts";

export interface SessionSetup {
  readonly transport: Transport;
  readonly role: "client" | "server";
  readonly dialects: readonly Dialect[];
  readonly handshakeTimeout: number;
  readonly clock: Clock;
}

/** Told of what happens, in this order: established at most once, data, ended exactly once. */
export interface SessionEvents {
  established(dialect: Dialect): void;
  data(chunk: Uint8Array): void;
  /** The transport has room again. */
  drained(): void;
  ended(reason: CloseReason): void;
}

type State = "negotiating" | "established" | "closing" | "ended";

export class Session {
  readonly outbox: Outbox = new Outbox();
  readonly output: Output;
  readonly #setup: SessionSetup;
  readonly #events: SessionEvents;
  readonly #negotiation: Negotiation;
  readonly #stopTimer: () => void;
  #state: State = "negotiating";
  #reason: CloseReason | undefined;

  constructor(setup: SessionSetup, events: SessionEvents) {
    this.#setup = setup;
    this.#events = events;
    this.output = new Output(setup.transport, this.outbox);
    this.#negotiation = new Negotiation(setup.role, setup.dialects);
    this.#stopTimer = setup.clock.after(setup.handshakeTimeout, () => this.#handshakeTimedOut());
  }

  start(): void {
    const { transport } = this.#setup;
    if (this.#negotiation.opening.length > 0) transport.write(this.#negotiation.opening);
    transport.start({
      data: (chunk) => this.#data(chunk),
      drain: () => {
        this.output.congested = false;
        this.#events.drained();
      },
      closed: (error) => this.#closed(error),
    });
  }

  /** The dialects of the server's greeting. */
  get greeting(): readonly string[] {
    return this.#negotiation.greeting;
  }

  get ended(): boolean {
    return this.#state === "closing" || this.#state === "ended";
  }

  /** Sends what is encoded and ends in order. `ended` is told when the transport has ended. */
  close(reason: CloseReason): void {
    if (this.ended) return;
    this.#leave(reason);
    this.output.flush();
    this.#setup.transport.close();
  }

  pause(): void {
    this.#setup.transport.pause();
  }

  resume(): void {
    this.#setup.transport.resume();
  }

  #data(chunk: Uint8Array): void {
    if (this.#state === "established") this.#events.data(chunk);
    else if (this.#state === "negotiating") this.#negotiate(chunk);
  }

  #negotiate(chunk: Uint8Array): void {
    let choice: ReturnType<Negotiation["receive"]>;
    try {
      choice = this.#negotiation.receive(chunk);
    } catch (error) {
      if (!(error instanceof NegotiationError)) throw error;
      this.close({ code: "NEGOTIATION_FAILED", message: error.message, error });
      return;
    }
    if (choice === undefined) return;
    this.#state = "established";
    this.#stopTimer();
    if (choice.send.length > 0) this.outbox.put(choice.send, 0, choice.send.length);
    this.#events.established(choice.dialect);
    if (choice.rest.length > 0 && !this.ended) this.#events.data(choice.rest);
  }

  #handshakeTimedOut(): void {
    if (this.#state !== "negotiating") return;
    const message = `no handshake within ${this.#setup.handshakeTimeout} ms`;
    this.close({ code: "HANDSHAKE_TIMEOUT", message, error: new HandshakeTimeout(message) });
  }

  #closed(error: Error | undefined): void {
    if (this.#state === "ended") return;
    if (this.#reason === undefined) {
      this.#leave(
        error === undefined
          ? { code: "PEER_CLOSED", message: "the peer closed the connection" }
          : { code: "TRANSPORT_FAILED", message: error.message, error },
      );
    }
    this.#state = "ended";
    this.#events.ended(this.#reason as CloseReason);
  }

  #leave(reason: CloseReason): void {
    this.#state = "closing";
    this.#reason = reason;
    this.#stopTimer();
  }
}
