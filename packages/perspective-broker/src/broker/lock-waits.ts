// Calls of the peer that wait for the lock of their object. They do not count among those that run, so that they take no place
// from what the call that has the lock calls back; the bytes of their messages count among those that wait.
import type { Activation } from "../flavors/activation.ts";
import type { Lock } from "../flavors/lock.ts";
import type { Clock } from "../platform/clock.ts";
import type { InboundQueue, WaitingCall } from "./inbound.ts";
import type { Tables } from "./tables.ts";

export interface LockWaitsSetup {
  readonly queue: InboundQueue;
  readonly tables: Pick<Tables, "imports">;
  readonly clock: Clock;
  /** It will not run: what came with it is given back. */
  turnAway(call: WaitingCall, error: Error): void;
}

interface LockWait {
  readonly call: WaitingCall;
  readonly activation: Activation;
  readonly lock: Lock;
}

export class LockWaits {
  readonly #setup: LockWaitsSetup;
  readonly #all = new Set<LockWait>();
  // What a peer calls its calls is its own affair: of two of the same id the last one can be found.
  readonly #byId = new Map<unknown, LockWait>();

  constructor(setup: LockWaitsSetup) {
    this.#setup = setup;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#all.size;
  }

  /** Lets a call wait; false if there is no room for it. `begin` is called when it has the lock. */
  add(call: WaitingCall, lock: Lock, activation: Activation, begin: () => void): boolean {
    const { queue, tables, clock } = this.#setup;
    if (!queue.reserve(call.bytes)) return false;
    if (call.received !== undefined) tables.imports.keep(call.received);
    const entry = { call, activation, lock };
    this.#all.add(entry);
    this.#byId.set(call.id, entry);
    const waiter = {
      activation,
      begin: () => {
        this.#over(entry);
        begin();
      },
      refuse: (error: Error) => {
        this.#over(entry);
        this.#setup.turnAway(call, error);
      },
    };
    lock.wait(waiter, clock);
    return true;
  }

  /** The call of an id, if it waits here. */
  find(id: unknown): Activation | undefined {
    return this.#byId.get(id)?.activation;
  }

  /** A call that waits is not wanted any more; false if there is none of that id. */
  cancel(id: unknown, error: Error): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) return false;
    entry.lock.withdraw(entry.activation);
    this.#over(entry);
    this.#setup.turnAway(entry.call, error);
    return true;
  }

  /** The connection has ended: none of them begins. */
  clear(): void {
    for (const { lock, activation } of this.#all) lock.withdraw(activation);
    this.#all.clear();
    this.#byId.clear();
  }

  #over(entry: LockWait): void {
    const { queue, tables } = this.#setup;
    const { call } = entry;
    this.#all.delete(entry);
    if (this.#byId.get(call.id) === entry) this.#byId.delete(call.id);
    queue.free(call.bytes);
    if (call.received !== undefined) tables.imports.deliver(call.received);
  }
}
