// The life of one connection below the objects: negotiation, the hellos, time for both, bytes to and from the transport, signs
// of life, and its end with a named reason, told once.
import { type CloseReason, HandshakeTimeout, NegotiationError, ProtocolError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { Dialect, SessionFrames, SessionHandler } from "../wire/dialect.ts";
import { Outbox } from "../wire/outbox.ts";
import { farewell, peerLeft } from "./goodbye.ts";
import { Heartbeat, type Listening } from "./heartbeat.ts";
import { Negotiation } from "./negotiation.ts";
import { Output } from "./output.ts";

/** The same for all connections of a program. */
export interface SessionSettings {
  readonly dialects: readonly Dialect[];
  readonly handshakeTimeout: number;
  /** Milliseconds of silence after which this side asks for a sign of life, where the dialect can; 0 for never. */
  readonly heartbeat: number;
  readonly clock: Clock;
}

/**
 * What is told of what happens to the owner of a session, in this order: established and ready at most once, data, left and
 * failed at most once, ended exactly once. One set of functions for all sessions: closures for each would be a good part of what
 * an idle connection costs.
 */
export interface SessionEvents<Owner> {
  /** The dialect is chosen. */
  established(owner: Owner, dialect: Dialect): void;
  /** The handshake is over: at the choice, or, in a dialect that has a session, at the peer's hello. */
  ready(owner: Owner): void;
  data(owner: Owner, chunk: Uint8Array): void;
  /** The peer is gone: said goodbye, or says nothing. `close` with this reason is to follow; what is unsent will not arrive. */
  left(owner: Owner, reason: CloseReason): void;
  /** The conversation cannot go on. `close` with this reason is to follow. */
  failed(owner: Owner, reason: CloseReason): void;
  /** The transport has room again. */
  drained(owner: Owner): void;
  ended(owner: Owner, reason: CloseReason): void;
}

/**
 * negotiating ── dialect chosen ──▶ greeting ── the peer's hello ──▶ ready; without hellos ready at once
 * any ── close, failure ──▶ closing ── the transport has ended ──▶ ended
 */
type State = "negotiating" | "greeting" | "ready" | "closing" | "ended";

/** So much is read for a sign of life where nothing is to be read. */
const GLANCE = 1024 * 1024;

const NO_GOODBYE = "the peer closed the connection without a goodbye: its program may have ended";

export class Session<Owner> implements SessionHandler, TransportHandler, Listening {
  readonly outbox: Outbox = new Outbox();
  readonly output: Output;
  /** The dialects of the server's greeting. */
  greeting: readonly string[];
  readonly #transport: Transport;
  readonly #settings: SessionSettings;
  readonly #events: SessionEvents<Owner>;
  readonly #owner: Owner;
  // Until the handshake is over.
  #negotiation: Negotiation | undefined;
  #stopTimer: (() => void) | undefined;
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

  constructor(
    transport: Transport,
    role: "client" | "server",
    settings: SessionSettings,
    events: SessionEvents<Owner>,
    owner: Owner,
  ) {
    this.#transport = transport;
    this.#settings = settings;
    this.#events = events;
    this.#owner = owner;
    this.output = new Output(transport, this.outbox);
    this.#negotiation = new Negotiation(role, settings.dialects);
    this.greeting = this.#negotiation.greeting;
    this.#stopTimer = settings.clock.after(settings.handshakeTimeout, () => this.#handshakeTimedOut());
  }

  start(): void {
    const opening = this.#negotiation?.opening;
    if (opening !== undefined && opening.length > 0) this.#transport.write(opening);
    this.#transport.start(this);
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
    if (reason.code === "PEER_SILENT") this.#transport.abort();
    else this.#transport.close();
  }

  pause(): void {
    this.#paused = true;
    if (this.#glance === 0) this.#transport.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#glance = 0;
    this.#transport.resume();
  }

  /** The peer's hello has come. */
  greeted(peer: { readonly heartbeat: number }): void {
    if (this.#state !== "greeting") return;
    this.#state = "ready";
    this.#handshakeOver();
    const { clock, heartbeat } = this.#settings;
    if (heartbeat > 0) {
      this.#heartbeat = new Heartbeat(this, clock, heartbeat, peer.heartbeat);
    }
    this.#events.ready(this.#owner);
  }

  /** The conversation cannot go on. */
  fail(reason: CloseReason): void {
    this.#events.failed(this.#owner, reason);
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
    if (!this.ended) this.#events.left(this.#owner, peerLeft(code, message));
  }

  // ---- TransportHandler

  data(chunk: Uint8Array): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.heard = true;
    if (this.#glance > 0) this.#glanced(chunk.length);
    if (this.#state === "negotiating") this.#negotiate(chunk);
    else if (!this.ended) this.#events.data(this.#owner, chunk);
  }

  drain(): void {
    this.output.congested = false;
    this.#events.drained(this.#owner);
  }

  closed(error?: Error): void {
    if (this.#state === "ended") return;
    if (this.#reason === undefined) {
      this.#leave(
        error === undefined
          ? { code: "PEER_CLOSED", message: this.#frames ? NO_GOODBYE : peerLeft("", "").message }
          : { code: "TRANSPORT_FAILED", message: error.message, error },
      );
    }
    this.#state = "ended";
    this.#events.ended(this.#owner, this.#reason as CloseReason);
  }

  // ---- Listening: whether the peer is there

  /** Goes out even where the transport asked for time; nothing of this side waits before it but what the transport has. */
  ask(): void {
    if (this.#frames === undefined) return;
    this.outbox.putUnnumbered(this.#frames.ping);
    this.output.flush();
    if (!this.#paused) return;
    // It is this side that does not listen. Bytes that lie there since long may pass for a sign of life; that is bounded by what
    // the platform holds for one connection.
    this.#glance = GLANCE;
    this.#transport.resume();
  }

  /**
   * Whether some of what had to wait has left: the platform holds only so much for a peer that takes nothing. So a peer that
   * is sent much over a slow line lives, although it cannot have heard yet that it was asked.
   */
  moved(): boolean {
    const transport = this.#transport;
    const backlog = this.outbox.waiting + (transport.underway ?? transport.unsent);
    const gone = this.outbox.total - backlog;
    const moved = this.#backlog > 0 && gone !== this.#gone;
    this.#backlog = backlog;
    this.#gone = gone;
    return moved;
  }

  silent(milliseconds: number): void {
    const message = `no sign of life from the peer for ${Math.round(milliseconds)} ms`;
    this.#events.left(this.#owner, { code: "PEER_SILENT", message });
  }

  #negotiate(chunk: Uint8Array): void {
    const negotiation = this.#negotiation as Negotiation;
    let choice: ReturnType<Negotiation["receive"]>;
    try {
      choice = negotiation.receive(chunk);
    } catch (error) {
      if (!(error instanceof NegotiationError)) throw error;
      this.close({ code: "NEGOTIATION_FAILED", message: error.message, error });
      return;
    }
    if (choice === undefined) return;
    this.#negotiation = undefined;
    this.greeting = negotiation.greeting;
    this.#frames = choice.dialect.session;
    this.#state = "greeting";
    if (choice.send.length > 0) this.outbox.putUnnumbered(choice.send);
    this.#events.established(this.#owner, choice.dialect);
    if (this.#frames === undefined && !this.ended) {
      this.#state = "ready";
      this.#handshakeOver();
      this.#events.ready(this.#owner);
    }
    if (choice.rest.length > 0 && !this.ended) this.#events.data(this.#owner, choice.rest);
  }

  #glanced(bytes: number): void {
    this.#glance = Math.max(0, this.#glance - bytes);
    if (this.#glance === 0 && this.#paused) this.#transport.pause();
  }

  #handshakeTimedOut(): void {
    if (this.#state !== "negotiating" && this.#state !== "greeting") return;
    const message = `no handshake within ${this.#settings.handshakeTimeout} ms`;
    this.close({ code: "HANDSHAKE_TIMEOUT", message, error: new HandshakeTimeout(message) });
  }

  #leave(reason: CloseReason): void {
    this.#state = "closing";
    this.#reason = reason;
    this.#handshakeOver();
    this.#heartbeat?.stop();
  }

  #handshakeOver(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
