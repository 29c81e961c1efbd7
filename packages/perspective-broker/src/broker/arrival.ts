// From the arrival of a call to the moment when it may run: it waits for the result that it goes through, for pieces and results
// among its arguments, and behind earlier calls of its target. Then it is admitted, in the order of arrival for each target.

import { NoSuchObject, NotAReference } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { Viewable, viewPoint } from "../flavors/viewable.ts";
import { LazyMap } from "../platform/lazy.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import type { InboundQueue, WaitingCall } from "./inbound.ts";
import { type InLane, Lanes } from "./lanes.ts";
import { Forwarding, type KeptResult, type Results } from "./results.ts";
import type { Tables } from "./tables.ts";

export interface ArrivalSetup {
  readonly tables: Pick<Tables, "exports" | "imports">;
  readonly queue: InboundQueue;
  readonly results: Results;
  /** Nothing is missing: it may run. */
  admit(call: WaitingCall): void;
  /** It will not run; what came with it has been given back. `dependency`: because a call failed that it depends on. */
  refuse(call: WaitingCall, error: unknown, dependency?: boolean): void;
  /** The same, and gives back what came with it. */
  turnAway(call: WaitingCall, error: unknown, dependency?: boolean): void;
  /** What a call is refused with for which there is no room. */
  noRoom(): Error;
}

interface CallInLane extends InLane {
  readonly call: WaitingCall;
}

export class Arrival {
  readonly #setup: ArrivalSetup;
  readonly #lanes = new Lanes();
  readonly #parked = new LazyMap<unknown, WaitingCall>();
  #dependencies: ReadonlyMap<number, KeptResult> | undefined;

  constructor(setup: ArrivalSetup) {
    this.#setup = setup;
  }

  /** Whether a call can run at once where no other waits. */
  static runsAtOnce(call: WaitingCall): boolean {
    return call.to !== "result" && call.late === undefined;
  }

  /** How many calls wait here. */
  get waiting(): number {
    return this.#parked.size;
  }

  arrived(call: WaitingCall): void {
    if (call.to === "result") {
      this.#throughResult(call);
      return;
    }
    if (this.#lanes.idle && call.late === undefined) this.#setup.admit(call);
    else
      this.#enter(call.to === "object" ? this.#setup.tables.exports.find(call.target) : `cache ${call.target}`, call);
  }

  /** A call that waits is not wanted any more: it will not run. */
  cancel(id: number): boolean {
    const call = this.#parked.get(id);
    if (call !== undefined) call.cancelled = true;
    return call !== undefined;
  }

  /** Calls `fn` when all calls through a result that came before have begun. */
  afterCallsThrough(kept: KeptResult, fn: () => void): void {
    kept.whenSettled(() => {
      const outcome = kept.outcome as { value?: unknown };
      const target = outcome.value instanceof RemoteReference ? targetOf(outcome.value) : outcome.value;
      if (this.#lanes.has(target)) this.#lanes.add(target, { ready: () => true, begin: fn });
      else fn();
    });
  }

  /** What a call has resulted in that the message refers to which is being decoded. */
  keptResult(id: number): unknown {
    const outcome = this.#dependencies?.get(id)?.outcome;
    if (outcome === undefined || !("value" in outcome)) throw unknownResult(id);
    return outcome.value;
  }

  clear(): void {
    this.#lanes.clear();
    this.#parked.clear();
  }

  #throughResult(call: WaitingCall): void {
    const parent = this.#setup.results.find(call.target as number);
    if (parent === undefined) {
      this.#setup.turnAway(call, unknownResult(call.target as number));
      return;
    }
    if (parent.outcome !== undefined) {
      this.#through(parent, call);
      return;
    }
    if (!this.#park(call)) return;
    parent.whenSettled(() => {
      this.#unpark(call);
      this.#through(parent, call);
    });
  }

  /** There is an outcome. */
  #through(parent: KeptResult, call: WaitingCall): void {
    const outcome = parent.outcome as { value: unknown } | { error: unknown };
    if ("error" in outcome) {
      this.#setup.turnAway(call, outcome.error, true);
      return;
    }
    try {
      call.object = calleeOf(outcome.value, parent.perspective);
    } catch (error) {
      this.#setup.turnAway(call, error);
      return;
    }
    this.#enter(call.object instanceof Forwarding ? targetOf(call.object.reference) : call.object, call);
  }

  /** Begins with it, or puts it into the lane of its target. */
  #enter(target: unknown, call: WaitingCall): void {
    const { late } = call;
    if (late === undefined && !this.#lanes.has(target)) {
      this.#setup.admit(call);
      return;
    }
    if (!this.#park(call)) return;
    const dependencies = new Map(late?.results.map((id) => [id, this.#setup.results.find(id)]));
    const entry: CallInLane = {
      call,
      ready: () => {
        if (late === undefined) return true;
        return late.complete && [...dependencies.values()].every((kept) => kept?.outcome !== undefined || !kept);
      },
      begin: () => {
        this.#unpark(call);
        if (this.#complete(call, dependencies)) this.#setup.admit(call);
      },
    };
    this.#lanes.add(target, entry);
    const advance = () => this.#lanes.advance(target);
    if (late !== undefined && !late.complete) late.whenComplete(advance);
    for (const kept of dependencies.values()) kept?.whenSettled(advance);
    advance();
  }

  /** Decodes the arguments now that nothing is missing; false if the call cannot run. */
  #complete(call: WaitingCall, dependencies: ReadonlyMap<number, KeptResult | undefined>): boolean {
    const { late } = call;
    if (late === undefined) return true;
    for (const [id, kept] of dependencies) {
      const failed = kept?.outcome === undefined || "error" in kept.outcome;
      if (!failed) continue;
      late.giveBack();
      const error = kept?.outcome === undefined ? unknownResult(id) : (kept.outcome as { error: unknown }).error;
      this.#setup.refuse(call, error, kept !== undefined);
      return false;
    }
    const outer = this.#dependencies;
    this.#dependencies = dependencies as ReadonlyMap<number, KeptResult>;
    try {
      const { args, keywords } = late.decode();
      call.args = args;
      call.keywords = keywords;
      return true;
    } catch (error) {
      this.#setup.refuse(call, error);
      return false;
    } finally {
      this.#dependencies = outer;
    }
  }

  /** It waits; false if there is no room for it. */
  #park(call: WaitingCall): boolean {
    const { queue, tables } = this.#setup;
    const { imports, exports } = tables;
    if (!queue.reserve(call.bytes)) {
      this.#setup.turnAway(call, this.#setup.noRoom());
      return false;
    }
    if (call.received !== undefined) imports.keep(call.received);
    // The peer may give the object back right after its last call: it must be there when the call's turn comes.
    call.pinned = call.to === "object" && exports.pinOne(call.target);
    this.#parked.set(call.id, call);
    return true;
  }

  #unpark(call: WaitingCall): void {
    const { queue, tables } = this.#setup;
    const { imports, exports } = tables;
    this.#parked.delete(call.id);
    queue.free(call.bytes);
    if (call.received !== undefined) imports.deliver(call.received);
    if (call.pinned) {
      call.object = exports.find(call.target) as Referenceable;
      exports.unpin([call.target as number]);
      call.pinned = false;
    }
  }
}

/** What answers for calls through a result. Throws NotAReference, and DeclarationError as an export does. */
function calleeOf(value: unknown, perspective: object | null): Referenceable | Forwarding {
  if (value instanceof RemoteReference) return new Forwarding(value);
  const object = value instanceof Viewable ? viewPoint(perspective, value) : value;
  if (!(object instanceof Referenceable)) {
    throw new NotAReference(`the result is no reference but ${value === null ? "null" : typeof value}`);
  }
  object.checkDeclarations();
  return object;
}

function unknownResult(id: number): Error {
  return new NoSuchObject(`the result of call ${id} is not kept here`);
}
