// The order of the calls of one target where some of them cannot begin yet: pieces of an argument are on their way, or a result
// that it refers to. The later calls of that target wait behind it; other targets have lanes of their own.
import { LazyMap } from "../platform/lazy.ts";

/** What stands in a lane. */
export interface InLane {
  /** Whether it can begin. */
  ready(): boolean;
  /** It begins now; also when it has turned out that it never can. */
  begin(): void;
}

export class Lanes {
  readonly #lanes = new LazyMap<unknown, InLane[]>();
  #waiting = 0;

  /** Whether every call can begin at once. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether something of this target waits. */
  has(target: unknown): boolean {
    return this.#lanes.has(target);
  }

  add(target: unknown, entry: InLane): void {
    const lane = this.#lanes.get(target);
    if (lane === undefined) this.#lanes.set(target, [entry]);
    else lane.push(entry);
    this.#waiting++;
  }

  /** Something may be ready: begins with all that can. */
  advance(target: unknown): void {
    const lane = this.#lanes.get(target);
    while (lane?.[0]?.ready()) {
      const entry = lane.shift() as InLane;
      this.#waiting--;
      // The lane goes before its last entry begins, so that a call that comes meanwhile waits behind those that are left.
      if (lane.length === 0) this.#lanes.delete(target);
      entry.begin();
    }
  }

  /** Takes out what is not to begin any more; false if it is not here. */
  remove(which: (entry: InLane) => boolean): InLane | undefined {
    for (const [target, lane] of this.#lanes) {
      const at = lane.findIndex(which);
      if (at < 0) continue;
      const [entry] = lane.splice(at, 1);
      this.#waiting--;
      if (lane.length === 0) this.#lanes.delete(target);
      else this.advance(target);
      return entry;
    }
    return undefined;
  }

  clear(): void {
    this.#lanes.clear();
    this.#waiting = 0;
  }
}
