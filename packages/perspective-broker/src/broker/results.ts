// Results that the peer calls through (docs/pb7.md, "Calls through results"): kept from the arrival of their call until the peer
// drops them. They are not exported, so that what nobody asked for costs no id.
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Call } from "./current-call.ts";
import { IdTable } from "./id-table.ts";

/** What a call of the peer's results in, while the peer may call through it. */
export class KeptResult {
  /** Undefined until the call has ended. */
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
  /** Given if the method was not called: why, as the caller is told. */
  notRun: { readonly dependency: boolean } | undefined;
  /** Whom it is encoded for, if it is sent after all. */
  perspective: object | null = null;
  /** The call that has ended so, for what goes on beyond its end. */
  context: Call | undefined;
  /** The peer wants to be told, after all. */
  pulled = false;
  /** It was sent, so its receiver holds what it refers to. */
  sent = false;
  #waiting: (() => void)[] = [];

  /** Calls `fn` once there is an outcome; now, if there is one. In the order of these calls. */
  whenSettled(fn: () => void): void {
    if (this.outcome === undefined) this.#waiting.push(fn);
    else fn();
  }

  settle(
    outcome: { readonly value: unknown } | { readonly error: unknown },
    perspective: object | null,
    context?: Call,
  ): void {
    this.outcome = outcome;
    this.perspective = perspective;
    this.context = context;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fn of waiting) fn();
  }
}

/** The results that are kept for the peer, by the ids of its calls. */
export class Results {
  readonly #byId = new IdTable<KeptResult>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A call has come whose result is to be kept. Undefined if there is no room. */
  begin(id: number): KeptResult | undefined {
    if (this.#byId.size >= this.#most || this.#byId.has(id)) return undefined;
    const kept = new KeptResult();
    this.#byId.set(id, kept);
    return kept;
  }

  find(id: number): KeptResult | undefined {
    return this.#byId.get(id);
  }

  /** Forgets it; calls that came before go on to use it. */
  drop(id: number): KeptResult | undefined {
    const kept = this.#byId.get(id);
    this.#byId.delete(id);
    return kept;
  }

  clear(): void {
    this.#byId.clear();
  }
}

/** Stands for an object elsewhere: calls of it are passed on. */
export class Forwarding {
  readonly reference: RemoteReference;

  constructor(reference: RemoteReference) {
    this.reference = reference;
  }

  synchronizedOn(): object | undefined {
    return undefined;
  }

  callingPerspective(): object | null {
    return null;
  }

  callingPrincipal(): unknown {
    return undefined;
  }

  remoteMessageReceived(message: string, args: unknown[], keywords: unknown): unknown {
    const given = keywords === undefined ? args : [...args, keywords];
    return this.reference.callRemote(message, ...given);
  }
}
