// Calls that refer to results which are not there yet and to which the wire cannot refer. They wait here, and the later calls of
// the same target behind them, so that its calls keep their order.

import { CallAborted, CallTimeout } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { LazyMap } from "../platform/lazy.ts";
import { waitWith } from "../platform/patience.ts";
import { NotYet, pending, RemoteResult } from "../references/remote-result.ts";
import type { Errand } from "./errand.ts";

interface Waiting {
  /** What has to be there first, if anything is known to be missing. */
  missing: RemoteResult<unknown> | undefined;
  /** Sends it. Throws NotYet if something else is missing. */
  attempt(): void;
  failed(error: unknown): void;
}

interface Target {
  readonly to: string;
  readonly id: number | string;
}

export class Postponed {
  readonly #clock: Clock;
  readonly #queues = new LazyMap<string, Waiting[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether calls of a target wait, so that a further one has to wait, too. */
  has(target: Target): boolean {
    return this.#queues.size > 0 && this.#queues.has(keyOf(target));
  }

  /** A call that waits; `attempt` gets what is left of the errand by then. */
  call(
    target: Target,
    method: string,
    errand: Errand | undefined,
    attempt: (errand: Errand | undefined) => RemoteResult<unknown>,
    missing: RemoteResult<unknown> | undefined,
  ): RemoteResult<unknown> {
    const { result, resolve, reject } = pending<unknown>();
    const start = this.#clock.now();
    let given = false;
    let stop = () => {};
    const giveUp = (error: Error) => {
      given = true;
      stop();
      reject(error);
    };
    if (errand?.signal !== undefined || errand?.timeout !== undefined) {
      const entry = {
        aborted: (reason: unknown) => giveUp(new CallAborted(reason, "no")),
        expired: () => giveUp(new CallTimeout(`${method}: what it refers to was not there in time`, "no")),
      };
      stop = waitWith(errand, entry, this.#clock);
    }
    this.#add(target, {
      missing,
      attempt: () => {
        if (given) return;
        const timeout =
          errand?.timeout === undefined ? undefined : Math.max(1, errand.timeout - (this.#clock.now() - start));
        const sent = attempt(errand && { ...errand, timeout });
        stop();
        RemoteResult.watch(sent, resolve, reject);
      },
      failed: (error) => {
        stop();
        reject(error);
      },
    });
    return result;
  }

  /** Something without an answer; `failed` is told what keeps it from being sent. */
  post(
    target: Target,
    attempt: () => void,
    missing: RemoteResult<unknown> | undefined,
    failed: (error: unknown) => void,
  ): void {
    this.#add(target, { missing, attempt, failed });
  }

  /** Nothing can be sent any more. */
  end(error: Error): void {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    for (const queue of queues) for (const { failed } of queue.splice(0)) failed(error);
  }

  #add(target: Target, waiting: Waiting): void {
    const key = keyOf(target);
    const queue = this.#queues.get(key);
    if (queue !== undefined) {
      queue.push(waiting);
      return;
    }
    const alone = [waiting];
    this.#queues.set(key, alone);
    this.#advance(key, alone);
  }

  /** Sends one after the other, up to the first that misses something. */
  #advance(key: string, queue: Waiting[]): void {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const { missing } = first;
      if (missing !== undefined) {
        const waiting = first;
        const arrived = () => {
          waiting.missing = undefined;
          this.#advance(key, queue);
        };
        RemoteResult.want(missing);
        RemoteResult.watch(missing, arrived, (error) => {
          waiting.failed(error);
          queue.shift();
          this.#advance(key, queue);
        });
        return;
      }
      try {
        first.attempt();
        queue.shift();
      } catch (error) {
        if (error instanceof NotYet) {
          first.missing = error.result;
        } else {
          first.failed(error);
          queue.shift();
        }
      }
    }
    this.#queues.delete(key);
  }
}

function keyOf({ to, id }: Target): string {
  return `${to} ${id}`;
}
