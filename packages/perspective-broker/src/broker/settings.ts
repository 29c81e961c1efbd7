// What a conversation is told: by the program, once for all connections of a server, and by the session below it.

import type { CloseReason } from "../errors.ts";
import { processNumber } from "../flavors/chain.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { ClassPolicy, SessionHandler, ValueOptions } from "../wire/dialect.ts";
import type { PeerLimits } from "../wire/message.ts";
import type { Outbox } from "../wire/outbox.ts";
import type { CallStore } from "./current-call.ts";
import type { CallInterceptor } from "./interceptors.ts";
import type { Log } from "./log.ts";

export interface BrokerSettings {
  readonly limits: Limits;
  readonly values: ValueOptions;
  readonly classes: ClassPolicy;
  readonly store: CallStore;
  /** What calls go through, the outermost first. */
  readonly interceptors: readonly CallInterceptor[];
  readonly log: Log;
  readonly clock: Clock;
  /** What a call does when `limits.outputBytes` wait to be sent. */
  readonly whenFull: "reject" | "wait";
  /** Milliseconds of silence after which this side asks for a sign of life; told to the peer. */
  readonly heartbeat: number;
}

/** The session that a conversation is held over; it is also told of the peer's frames about the connection itself. */
export interface BrokerSession extends SessionHandler {
  readonly outbox: Outbox;
  readonly output: BrokerOutput;
  /** The peer's hello has come, in a dialect that has one. */
  greeted(peer: PeerLimits): void;
  /** The peer broke a rule, or a bound was passed: the connection ends. */
  fail(reason: CloseReason): void;
  /** Stops and goes on with what the peer sends. */
  pause(): void;
  resume(): void;
}

/** Where encoded bytes go. */
export interface BrokerOutput {
  readonly congested: boolean;
  readonly unsent: number;
  readonly sent: number;
  /** A message was put into the outbox. */
  written(): void;
  /** A call is going to be put there; was; somebody wants its result. */
  calling(): void;
  called(): void;
  wanted(): void;
}

const greetings = new WeakMap<BrokerSettings, PeerLimits>();

/** What this side tells of itself. */
export function greetingOf(settings: BrokerSettings): PeerLimits {
  let greeting = greetings.get(settings);
  if (greeting === undefined) {
    const { calls, results, message, bytes, streams } = settings.limits;
    greeting = { calls, results, message, bytes, streams, heartbeat: settings.heartbeat, process: processNumber() };
    greetings.set(settings, greeting);
  }
  return greeting;
}
