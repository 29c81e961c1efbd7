// Who may send a page when: the pagers of one connection take turns, one page each per round, the newest first as in Twisted
// (spec §9), and a round goes on only while the transport has room. What a page is, pager.ts knows.
import { platform } from "#platform";
import { type CloseReason, ConnectionLost } from "../errors.ts";
import type { Target } from "../references/conversation.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import type { Referenceable } from "./referenceable.ts";

/** One that sends pages. */
export interface Paged {
  /** Whether it has something to send, or to ask for. */
  readonly ready: boolean;
  /** Sends a page, or begins to get one. Never throws. */
  turn(): void;
  /** The connection has ended. */
  lost(error: Error): void;
}

/** Where pages go: the collector's connection, or its own program. */
interface Route {
  readonly congested: boolean;
  whenWritable(fn: () => void): void;
  onDisconnect(fn: (reason: CloseReason) => void): Disposable;
}

/** The pagers of one connection. */
export class Paging {
  static readonly #byRoute = new WeakMap<Route, Paging>();
  readonly #route: Route;
  readonly #pagers = new Set<Paged>();
  /** How many of them page to one object. */
  readonly #uses = new Map<object, number>();
  /** Those that have not had their turn in this round. */
  #round: Paged[] = [];
  #scheduled = false;
  #turning = false;
  #listener: Disposable | undefined;

  private constructor(route: Route) {
    this.#route = route;
  }

  static of(collector: RemoteReference | Referenceable): Paging {
    const route = collector instanceof RemoteReference ? targetOf(collector).conversation : here;
    let paging = Paging.#byRoute.get(route);
    if (paging === undefined) {
      paging = new Paging(route);
      Paging.#byRoute.set(route, paging);
    }
    return paging;
  }

  /** The first one has its turn at once: its page precedes the answer of the call that made it (spec §9). */
  add(pager: Paged, collector: RemoteReference | Referenceable): void {
    const alone = this.#pagers.size === 0;
    this.#pagers.add(pager);
    const object = objectOf(collector);
    this.#uses.set(object, (this.#uses.get(object) ?? 0) + 1);
    this.#listener ??= this.#route.onDisconnect((reason) => this.#lost(reason));
    if (alone && !this.#turning && !this.#route.congested) this.#turn(pager);
    this.wake();
  }

  /** It is over. Its collector is given back, unless another one needs that receipt. */
  delete(pager: Paged, collector: RemoteReference | Referenceable): void {
    if (!this.#pagers.delete(pager)) return;
    const object = objectOf(collector);
    const others = (this.#uses.get(object) ?? 1) - 1;
    if (others > 0) this.#uses.set(object, others);
    else this.#uses.delete(object);
    if (collector instanceof RemoteReference && (object as Target).receipts > others) collector.release();
    if (this.#pagers.size > 0) return;
    this.#listener?.[Symbol.dispose]();
    this.#listener = undefined;
  }

  /** A pager may have become ready. */
  wake(): void {
    if (this.#scheduled || this.#turning || !this.#anyReady()) return;
    this.#scheduled = true;
    this.#route.whenWritable(() => {
      this.#scheduled = false;
      this.#continue();
    });
  }

  /** Goes on with the round, or begins the next one. */
  #continue(): void {
    if (this.#round.length === 0) this.#round = [...this.#pagers];
    do {
      const pager = this.#round.pop();
      if (pager === undefined) break;
      if (this.#pagers.has(pager) && pager.ready) this.#turn(pager);
    } while (!this.#route.congested);
    this.wake();
  }

  #anyReady(): boolean {
    for (const pager of this.#pagers) if (pager.ready) return true;
    return false;
  }

  #turn(pager: Paged): void {
    this.#turning = true;
    try {
      pager.turn();
    } finally {
      this.#turning = false;
    }
  }

  #lost(reason: CloseReason): void {
    this.#round = [];
    for (const pager of [...this.#pagers]) pager.lost(new ConnectionLost(reason, "unknown"));
  }
}

/** For a collector in this program: there is always room, and no connection that could end. */
const here: Route = {
  congested: false,
  whenWritable: (fn) => platform.yieldTurn(fn),
  onDisconnect: () => ({ [Symbol.dispose]: () => {} }),
};

/** Views of one reference page to the same object. */
function objectOf(collector: RemoteReference | Referenceable): object {
  return collector instanceof RemoteReference ? targetOf(collector) : collector;
}

/** Sends a message without an answer; throws what would otherwise only be logged, as a page must not be missing. */
export function post(collector: RemoteReference | Referenceable, method: string, args: unknown[]): void {
  if (collector instanceof RemoteReference) {
    const target = targetOf(collector);
    target.conversation.post(target, method, args);
  } else {
    (collector as unknown as LocalCollector).callRemoteOnly(method, ...args);
  }
}

/** By name: the methods of a collector are the protocol's, whatever its type says. */
interface LocalCollector {
  callRemoteOnly(name: string, ...args: unknown[]): void;
}

/** Says what nobody else would hear of. */
export function report(collector: RemoteReference | Referenceable, message: string, error: unknown): void {
  if (collector instanceof RemoteReference) targetOf(collector).conversation.report(message, error);
}
