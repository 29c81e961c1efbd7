// Whether the peer is there: asks for a sign of life after a time of silence, and says so when none has come for three times as
// long. That bytes came is only noted, not timed, and a look four times in a heartbeat finds out roughly when: so a chunk costs
// an assignment, and a connection no timer of its own.
import type { Clock } from "../platform/clock.ts";
import { Deadlines, type Expiring } from "../platform/deadlines.ts";

/** So many heartbeats of silence are one too many. */
const BEATS = 3;

/** Looks in a heartbeat. */
const LOOKS = 4;

/** A peer cannot ask for more patience than a heartbeat of so many milliseconds gives it. */
const LONGEST_OF_PEER = 60_000;

/** Who is told. */
export interface Listening {
  /** Whether the peer has taken something of what waited to be sent, since this was asked last. */
  moved(): boolean;
  /** Asks the peer for a sign of life. */
  ask(): void;
  /** There was none, for so many milliseconds. The last call. */
  silent(milliseconds: number): void;
}

/**
 * alive ── nothing for a heartbeat ──▶ asked ── nothing for three ──▶ silent
 * asked ── a byte came, or the peer took some ──▶ alive
 * A look that comes much too late (the machine slept, timers are throttled, the program was busy) says nothing of the peer:
 * once in each silence it gives the peer a heartbeat from then on.
 */
export class Heartbeat implements Expiring {
  /** Set by who receives bytes. */
  heard = false;
  readonly #listening: Listening;
  readonly #clock: Clock;
  readonly #own: number;
  readonly #beat: number;
  readonly #step: number;
  /** When the silence began: the first look after the last sign of life. */
  #since: number;
  #asked: number;
  #planned = 0;
  #excused = false;
  #slot: number | undefined;

  /** `own` and `peer`: milliseconds of silence after which this side asks, and after which the peer would. */
  constructor(listening: Listening, clock: Clock, own: number, peer: number) {
    this.#listening = listening;
    this.#clock = clock;
    this.#own = own;
    this.#beat = Math.max(own, Math.min(peer, LONGEST_OF_PEER));
    this.#step = own / LOOKS;
    this.#since = this.#asked = Math.round(clock.now());
    this.#plan(this.#since);
  }

  stop(): void {
    if (this.#slot !== undefined) Deadlines.of(this.#clock).remove(this, this.#slot);
    this.#slot = undefined;
  }

  expired(): void {
    if (this.#slot === undefined) return;
    // Whole milliseconds: fractions would take memory of their own, in each of five fields.
    const now = Math.round(this.#clock.now());
    const late = now - this.#planned > this.#step;
    if (this.#listening.moved() || this.heard) {
      this.heard = false;
      this.#since = now;
      this.#excused = false;
    } else if (late && !this.#excused) {
      this.#excused = true;
      this.#since = Math.max(this.#since, now - (BEATS - 1) * this.#beat);
    }
    if (now - this.#since >= BEATS * this.#beat) {
      this.#slot = undefined;
      this.#listening.silent(now - this.#since);
      return;
    }
    if (now - Math.max(this.#since, this.#asked) >= this.#own) {
      this.#asked = now;
      this.#listening.ask();
    }
    this.#plan(now);
  }

  /** A quarter of a heartbeat from now, or when the silence is over if that is sooner. */
  #plan(now: number): void {
    const next = Math.min(this.#step, this.#since + BEATS * this.#beat - now);
    this.#planned = now + next;
    this.#slot = Deadlines.of(this.#clock).add(this, next);
  }
}
