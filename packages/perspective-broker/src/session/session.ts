// The life of one connection below the objects: negotiation, the hellos, time for both, bytes to and from the transport, signs
// of life, and its end with a named reason, told once.
import { type CloseReason, HandshakeTimeout, NegotiationError, ProtocolError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transport } from "../transport/transport.ts";
import type { Dialect, SessionFrames, SessionHandler } from "../wire/dialect.ts";
import { Outbox } from "../wire/outbox.ts";
import { farewell, peerLeft } from "./goodbye.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Negotiation } from "./negotiation.ts";
import { Output } from "./output.ts";

export interface SessionSetup {
  readonly transport: Transport;
  readonly role: "client" | "server";
  readonly dialects: readonly Dialect[];
  readonly handshakeTimeout: number;
  /** Milliseconds of silence after which this side asks for a sign of life, where the dialect can; 0 for never. */
  readonly heartbeat: number;
  readonly clock: Clock;
}

/** Told of what happens, in this order: established and ready at most once, data, left at most once, ended exactly once. */
export interface SessionEvents {
  /** The dialect is chosen. */
  established(dialect: Dialect): void;
  /** The handshake is over: at the choice, or, in a dialect that has a session, at the peer's hello. */
  ready(): void;
  data(chunk: Uint8Array): void;
  /** The peer is gone: said goodbye, or says nothing. `close` with this reason is to follow; what is unsent will not arrive. */
  left(reason: CloseReason): void;
  /** The transport has room again. */
  drained(): void;
  ended(reason: CloseReason): void;
}

/**
 * negotiating ── dialect chosen ──▶ greeting ── the peer's hello ──▶ ready; without hellos ready at once
 * any ── close, failure ──▶ closing ── the transport has ended ──▶ ended
 */
type State = "negotiating" | "greeting" | "ready" | "closing" | "ended";

/** So much is read for a sign of life where nothing is to be read. */
const GLANCE = 1024 * 1024;

export class Session implements SessionHandler {
  readonly outbox: Outbox = new Outbox();
  readonly output: Output;
  readonly #setup: SessionSetup;
  readonly #events: SessionEvents;
  readonly #negotiation: Negotiation;
  readonly #stopTimer: () => void;
  #state: State = "negotiating";
  #reason: CloseReason | undefined;
  #frames: SessionFrames | undefined;
  #heartbeat: Heartbeat | undefined;
  /** Where the last PONG ends in all that was encoded. */
  #ponged = 0;
  #paused = false;
  /** How much may still be read while paused. */
  #glance = 0;
  /** At the last look: what had not left, and what had. */
  #backlog = 0;
  #gone = 0;

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

  /**
   * Sends what is encoded, tells the peer why if the dialect can, and ends in order; a peer that says nothing is not waited for.
   * `ended` is told when the transport has ended.
   */
  close(reason: CloseReason): void {
    if (this.ended) return;
    this.#leave(reason);
    const words = this.#frames && farewell(reason);
    if (words !== undefined) this.outbox.putUnnumbered((this.#frames as SessionFrames).bye(words.code, words.message));
    this.output.flush();
    if (reason.code === "PEER_SILENT") this.#setup.transport.abort();
    else this.#setup.transport.close();
  }

  pause(): void {
    this.#paused = true;
    if (this.#glance === 0) this.#setup.transport.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#glance = 0;
    this.#setup.transport.resume();
  }

  /** The peer's hello has come. */
  greeted(peer: { readonly heartbeat: number }): void {
    if (this.#state !== "greeting") return;
    this.#state = "ready";
    this.#stopTimer();
    const { clock, heartbeat } = this.#setup;
    if (heartbeat > 0) {
      this.#heartbeat = new Heartbeat({
        ...{ clock, own: heartbeat, peer: peer.heartbeat },
        moved: () => this.#moved(),
        ask: () => this.#ask(),
        silent: (milliseconds) => this.#silent(milliseconds),
      });
    }
    this.#events.ready();
  }

  // ---- SessionHandler: the peer's frames about the connection itself

  ping(): void {
    if (this.ended || this.#frames === undefined) return;
    // One that has not left yet is as good as another: a peer that asks and does not read gets no more than that.
    if (this.#ponged > this.output.sent) return;
    this.outbox.putUnnumbered(this.#frames.pong);
    this.#ponged = this.outbox.total;
    this.output.written();
  }

  /** It is a sign of life, as all bytes are. */
  pong(): void {}

  acknowledged(bytes: number): void {
    const { total, unnumbered } = this.outbox;
    if (bytes > total - unnumbered) throw new ProtocolError("the peer acknowledges bytes that were never sent");
  }

  bye(code: string, message: string): void {
    if (!this.ended) this.#events.left(peerLeft(code, message));
  }

  #data(chunk: Uint8Array): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.heard = true;
    if (this.#glance > 0) this.#glanced(chunk.length);
    if (this.#state === "negotiating") this.#negotiate(chunk);
    else if (!this.ended) this.#events.data(chunk);
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
    this.#frames = choice.dialect.session;
    this.#state = "greeting";
    if (choice.send.length > 0) this.outbox.putUnnumbered(choice.send);
    this.#events.established(choice.dialect);
    if (this.#frames === undefined && !this.ended) {
      this.#state = "ready";
      this.#stopTimer();
      this.#events.ready();
    }
    if (choice.rest.length > 0 && !this.ended) this.#events.data(choice.rest);
  }

  /** Goes out even where the transport asked for time; nothing of this side waits before it but what the transport has. */
  #ask(): void {
    if (this.#frames === undefined) return;
    this.outbox.putUnnumbered(this.#frames.ping);
    this.output.flush();
    if (!this.#paused) return;
    // It is this side that does not listen. Bytes that lie there since long may pass for a sign of life; that is bounded by what
    // the platform holds for one connection.
    this.#glance = GLANCE;
    this.#setup.transport.resume();
  }

  #glanced(bytes: number): void {
    this.#glance = Math.max(0, this.#glance - bytes);
    if (this.#glance === 0 && this.#paused) this.#setup.transport.pause();
  }

  /**
   * Whether some of what had to wait has left: the platform holds only so much for a peer that takes nothing. So a peer that
   * is sent much over a slow line lives, although it cannot have heard yet that it was asked.
   */
  #moved(): boolean {
    const { transport } = this.#setup;
    const backlog = this.outbox.waiting + (transport.underway ?? transport.unsent);
    const gone = this.outbox.total - backlog;
    const moved = this.#backlog > 0 && gone !== this.#gone;
    this.#backlog = backlog;
    this.#gone = gone;
    return moved;
  }

  #silent(milliseconds: number): void {
    const message = `no sign of life from the peer for ${Math.round(milliseconds)} ms`;
    this.#events.left({ code: "PEER_SILENT", message });
  }

  #handshakeTimedOut(): void {
    if (this.#state !== "negotiating" && this.#state !== "greeting") return;
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
    this.#heartbeat?.stop();
  }
}
