// Our calls, from their number to their answer: each gets the next request id, is written whole or not at all, waits at the gate
// while the peer allows no more, and here until it is answered, given up or lost.
import { type CloseReason, ConnectionLost, type Executed, LimitExceeded } from "../errors.ts";
import type { Activation } from "../flavors/activation.ts";
import type { Probe } from "../flavors/probe.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import { NotYet, pending, RemoteResult, rejected } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import type { Codec, MoreMessages } from "../wire/dialect.ts";
import { type Chain, type Destinee, type Envelope, type ObjectId, Wants } from "../wire/message.ts";
import { Outbox } from "../wire/outbox.ts";
import { type CallSender, OutgoingCall } from "./calls.ts";
import { ChainIndex } from "./chain-index.ts";
import type { AwaitedCalls } from "./current-call.ts";
import { type Errand, envelopeFor, errandOf } from "./errand.ts";
import { Gate, type Held } from "./gate.ts";
import { IdTable, noEntries } from "./id-table.ts";
import type { Interception } from "./interceptors.ts";
import type { Log } from "./log.ts";
import { Postponed } from "./postponed.ts";
import type { Tables } from "./tables.ts";

export interface OutgoingSetup {
  readonly codec: Codec;
  readonly tables: Tables;
  readonly outbox: Outbox;
  readonly limits: Limits;
  /** How many bytes of all that was ever encoded the platform has taken. */
  sent(): number;
  readonly clock: Clock;
  readonly log: Log;
  readonly interception: Interception | undefined;
  /** The reason why nothing more can be written now, if there is one. */
  full(): Error | undefined;
  /** What a call does then; and when there may be room again. */
  readonly whenFull: "reject" | "wait";
  whenRoom(fn: () => void): void;
  /** A message was put into the outbox. */
  written(): void;
  /** A call is going to be put there; was; somebody wants its result. */
  calling(): void;
  called(): void;
  wanted(): void;
  /** An answer is awaited from now on. */
  awaiting(): void;
}

/** Where a call goes, and for whom it is encoded. */
export interface Destination {
  readonly to: Destinee;
  readonly id: ObjectId;
  readonly perspective: object | null;
}

export class Outgoing implements CallSender, AwaitedCalls {
  readonly gate: Gate;
  readonly #setup: OutgoingSetup;
  readonly #more: MoreMessages | undefined;
  #awaited: IdTable<OutgoingCall> = noEntries();
  #postponed: Postponed | undefined;
  #lastRequest = 0;
  #byChain: ChainIndex | undefined;
  // The results of calls that stand among the arguments of the call that is being encoded; undefined while none is.
  #uses: readonly RemoteResult<unknown>[] | undefined;
  // The same of the call that was encoded last.
  #used: readonly RemoteResult<unknown>[] = NONE;
  // Settles when there is room for calls that wait for it.
  #room: RemoteResult<unknown> | undefined;
  // The call that is being encoded will wait at the gate.
  #boxed = false;
  // Settles when calls need not wait there any more.
  #gateOpen: RemoteResult<unknown> | undefined;
  #kept = 0;
  // Before its hello nothing is known of the peer: it refuses what is too much.
  #keptMost: number | undefined;

  constructor(setup: OutgoingSetup) {
    this.#setup = setup;
    this.#more = setup.codec.more;
    // A dialect that has more tells how many calls it allows in its hello.
    this.gate = new Gate(this.#more === undefined ? Number.POSITIVE_INFINITY : 0, this.#more);
  }

  /** How many calls are not answered yet. */
  get awaited(): number {
    return this.#awaited.size;
  }

  get lastRequest(): number {
    return this.#lastRequest;
  }

  callersOf(chain: Chain, last: number, depth: number): readonly Activation[] {
    this.#byChain ??= new ChainIndex(this.#awaited.values());
    const callers: Activation[] = [];
    for (const { id, caller, abandoned } of this.#byChain.of(chain)) {
      if (caller !== undefined && id <= last && caller.depth + 1 < depth && !abandoned) callers.push(caller);
    }
    return callers.reverse();
  }

  expected(id: number): boolean {
    return this.#awaited.get(id)?.awaitsAnswer ?? false;
  }

  /** The peer has said what it allows. */
  greeted(calls: number, results: number): void {
    this.#keptMost = results;
    if (this.gate.allow(calls)) this.#setup.written();
  }

  /** So many calls without an answer are done. */
  credited(calls: number): void {
    if (this.gate.closedAgain(calls)) this.#setup.written();
  }

  call(
    destination: Destination,
    method: string,
    args: unknown[],
    options: CallOptions | undefined,
    parent?: OutgoingCall,
  ): RemoteResult<unknown> {
    const { limits } = this.#setup;
    if (this.#awaited.size >= limits.awaited) {
      return rejected(
        new LimitExceeded("awaited", `more than limits.awaited (${limits.awaited}) calls are not answered`),
      );
    }
    const errand = errandOf(options);
    if (errand?.problem !== undefined) return rejected(errand.problem);
    const attempt = (left: Errand | undefined) => this.#begin(destination, method, args, left, parent);
    if (this.#postponed?.has(destination)) return this.#postponed.call(destination, method, errand, attempt, undefined);
    try {
      return this.#begin(destination, method, args, errand, parent);
    } catch (error) {
      if (!(error instanceof NotYet)) return rejected(error);
      return this.#behind().call(destination, method, errand, attempt, error.result);
    }
  }

  /** Without an answer. Throws what keeps it from being sent; NotYet if it refers to a result that has to be there first. */
  post(destination: Destination, method: string, args: unknown[], options?: CallOptions): void {
    const errand = errandOf(options && { call: options.call, trace: options.trace });
    if (errand?.problem !== undefined) throw errand.problem;
    this.#checkRoom();
    const id = ++this.#lastRequest;
    const held = this.#more !== undefined && this.gate.closed ? { box: new Outbox(), call: NOBODY } : undefined;
    this.#encode(id, destination, method, args, Wants.nothing, envelopeFor(errand, false), held?.box);
    for (const result of this.#used) {
      RemoteResult.opened(result);
      RemoteResult.closed(result);
    }
    if (held !== undefined) {
      this.gate.hold(held);
      return;
    }
    if (this.#more !== undefined) this.gate.open++;
    this.#setup.written();
  }

  /** Without an answer; what keeps it from being sent, `problem` before all, goes to the log. */
  callOnly(
    destination: Destination,
    method: string,
    args: unknown[],
    problem: Error | undefined,
    options?: CallOptions,
  ): void {
    const attempt = () => this.post(destination, method, args, options);
    const failed = (error: unknown) => {
      const message = `the call of ${String(method)} without an answer was not sent`;
      this.#setup.log({ level: "warn", message, error });
    };
    try {
      if (problem !== undefined) throw problem;
      if (this.#postponed?.has(destination)) this.#postponed.post(destination, attempt, undefined, failed);
      else attempt();
    } catch (error) {
      if (error instanceof NotYet) this.#behind().post(destination, attempt, error.result, failed);
      else failed(error);
    }
  }

  /** Puts a message that must not overtake calls into the outbox, or behind the calls that wait. */
  inOrder(write: (into: Outbox | undefined) => void): void {
    if (!this.gate.waiting) {
      write(undefined);
      this.#setup.written();
      return;
    }
    const box = new Outbox();
    write(box);
    this.gate.hold({ box, call: undefined });
    this.#setup.written(); // nothing was, but the peer may have caused too much of it
  }

  /** The answer to a call has come; whether it is still of interest is for the caller to see. */
  settle(id: number): OutgoingCall {
    const call = this.#awaited.get(id) as OutgoingCall;
    this.#over(call);
    if (this.#more !== undefined && call.closesByAnswer && this.gate.closedAgain(1)) this.#setup.written();
    return call;
  }

  /** A result that is kept over there is not needed any more. */
  forget(call: OutgoingCall): void {
    if (!call.kept) return;
    this.#kept--;
    this.inOrder((into) => this.#more?.sendDrop(call.id, into));
  }

  /** A result that is not there yet stands among the arguments of the call that is being encoded: the id of its call. */
  use(result: RemoteResult<unknown>): number | undefined {
    if (this.#uses === undefined) return undefined;
    const source = RemoteResult.sourceOf(result);
    const mine = source instanceof OutgoingCall && this.#awaited.get(source.id) === source;
    if (!mine || source.abandoned || !this.#keep(source)) throw new NotYet(result);
    this.#uses = [...this.#uses, result];
    return source.id;
  }

  /**
   * A Cacheable is being sent that the peer has no copy of. What waits at the gate cannot carry one: an answer that refers to it
   * would come before it. Throws NotYet there.
   */
  freshCache(): void {
    if (!this.#boxed) return;
    if (this.#gateOpen === undefined) {
      const { result, resolve } = pending<unknown>();
      this.#gateOpen = result;
      this.gate.whenOpen(() => {
        this.#gateOpen = undefined;
        resolve(undefined);
      });
    }
    throw new NotYet(this.#gateOpen);
  }

  /** Every call fails. `dropped` tells that what was not sent will not be sent any more. */
  end(reason: CloseReason, dropped: boolean): void {
    const awaited = this.#awaited.values();
    const sent = dropped ? this.#setup.sent() : Number.POSITIVE_INFINITY;
    this.#awaited = noEntries();
    this.#byChain = undefined;
    this.gate.clear();
    this.#postponed?.end(new ConnectionLost(reason, "no"));
    for (const call of awaited) {
      call.settled();
      const unsent = call.held !== undefined || call.position >= sent;
      if (!call.abandoned) call.reject(new ConnectionLost(reason, unsent ? "no" : "unknown"));
    }
  }

  // ---- CallSender: what a call asks for while it waits

  wanted(): void {
    this.#setup.wanted();
  }

  pull(call: OutgoingCall): void {
    if (!this.#awaited.has(call.id)) return;
    if (this.#amend(call, Wants.answer | Wants.keeping)) {
      call.closesByAnswer = true;
      return;
    }
    call.wants |= Wants.answer;
    this.#more?.sendPull(call.id);
    this.#setup.written();
  }

  through(parent: OutgoingCall, method: string, args: unknown[]): RemoteResult<unknown> | undefined {
    if (!this.#keep(parent)) return undefined;
    const { interception } = this.#setup;
    if (!interception?.active) return this.#through(parent, method, args, undefined);
    return interception.callThrough(parent.result, method, args, (given, options) =>
      this.#isOpen(parent) ? this.#through(parent, method, given, options) : undefined,
    );
  }

  throughOnly(parent: OutgoingCall, method: string, args: unknown[]): boolean {
    if (!this.#keep(parent)) return false;
    const { interception } = this.#setup;
    if (!interception?.active) return this.#throughOnly(parent, method, args, undefined);
    interception.callThroughOnly(
      parent.result,
      method,
      args,
      (given, options) => this.#isOpen(parent) && this.#throughOnly(parent, method, given, options),
    );
    return true;
  }

  drop(call: OutgoingCall): void {
    this.#over(call);
    this.forget(call);
  }

  cancel(call: OutgoingCall): Executed {
    if (call.held !== undefined && this.#withdraw(call, call.held)) {
      this.#setup.written(); // what waited behind it
      return "no";
    }
    const executed = this.#setup.sent() <= call.position ? "no" : "unknown";
    if (this.#more === undefined) return executed;
    const incomplete = this.#more.sendCancel(call.id);
    this.#setup.written();
    return incomplete ? "no" : executed;
  }

  /** A call was withdrawn from the gate: what depends on its result waits there, too, and fails with the same. */
  failDependents(call: OutgoingCall): void {
    for (const other of [...this.#awaited.values()]) {
      if (!other.uses?.includes(call.result) || other.held === undefined || !this.#withdraw(other, other.held))
        continue;
      other.failure = call.failure;
      other.reject(call.failure);
      if (other.kept) this.failDependents(other);
    }
  }

  /** Takes a call out of the gate, with all that it brought. */
  #withdraw(call: OutgoingCall, held: Held): boolean {
    const { tables } = this.#setup;
    if (!this.gate.withdraw(held)) return false;
    this.#more?.discard(held.box);
    if (call.kept) this.#kept--;
    const exported = call.exported ?? [];
    this.#over(call);
    for (const id of exported) {
      tables.unexport(id);
      tables.unexportCache(id);
    }
    return true;
  }

  probe(call: OutgoingCall, probe: Probe): void {
    // What waits here is not there yet; and who does not read is not asked.
    if (this.#more === undefined || call.held !== undefined || this.#setup.full() !== undefined) return;
    this.#more.sendProbe(call.id, probe);
    this.#setup.written();
  }

  #through(
    parent: OutgoingCall,
    method: string,
    args: unknown[],
    options: CallOptions | undefined,
  ): RemoteResult<unknown> {
    const problem = this.#setup.whenFull === "reject" ? this.#setup.full() : undefined;
    if (problem !== undefined) return rejected(problem);
    parent.calledThrough = true;
    return this.call({ to: "result", id: parent.id, perspective: null }, method, args, options, parent);
  }

  #throughOnly(parent: OutgoingCall, method: string, args: unknown[], options: CallOptions | undefined): boolean {
    parent.calledThrough = true;
    const problem = this.#setup.whenFull === "reject" ? this.#setup.full() : undefined;
    this.callOnly({ to: "result", id: parent.id, perspective: null }, method, args, problem, options);
    RemoteResult.opened(parent.result);
    RemoteResult.closed(parent.result);
    return true;
  }

  /** Throws NotYet while too much waits to be sent, if calls are to wait for that. */
  #checkRoom(): void {
    const setup = this.#setup;
    if (setup.whenFull === "reject" || setup.full() === undefined) return;
    if (this.#room === undefined) {
      const { result, resolve } = pending<unknown>();
      this.#room = result;
      setup.whenRoom(() => {
        this.#room = undefined;
        resolve(undefined);
      });
    }
    throw new NotYet(this.#room);
  }

  /** Its result can be called through over there. */
  #isOpen(call: OutgoingCall): boolean {
    return this.#awaited.get(call.id) === call && !call.abandoned;
  }

  /** Nothing is awaited of a call any more. */
  #over(call: OutgoingCall): void {
    this.#awaited.delete(call.id);
    this.#byChain?.remove(call);
    call.settled();
    if (call.exported === undefined) return;
    this.#setup.tables.unpin(call.exported);
  }

  /** Where calls wait for results to which the wire cannot refer. */
  #behind(): Postponed {
    this.#postponed ??= new Postponed(this.#setup.clock);
    return this.#postponed;
  }

  /** Has the result of a call kept over there; false if the call has left already without asking for that. */
  #keep(call: OutgoingCall): boolean {
    if (call.kept) return true;
    if (this.#more === undefined || this.#kept >= (this.#keptMost ?? Number.POSITIVE_INFINITY)) return false;
    const wanted = RemoteResult.isWanted(call.result);
    if (!this.#amend(call, Wants.keeping | (wanted ? Wants.answer : Wants.nothing))) return false;
    this.#kept++;
    if (wanted) return true;
    call.closesByAnswer = false;
    // Nobody has asked for it: if it fails, those who called through it are told.
    RemoteResult.watch(call.result, ignore, ignore);
    return true;
  }

  /** Changes what a call wants, if it has not left yet. */
  #amend(call: OutgoingCall, wants: number): boolean {
    const { outbox } = this.#setup;
    const box = call.held?.box;
    if (!this.#more?.amend(box ?? outbox, box === undefined ? call.position : box.frame, wants)) return false;
    call.wants = wants;
    return true;
  }

  /** Sends a call and waits for its answer from then on. Throws NotYet, and everything that encoding throws. */
  #begin(
    destination: Destination,
    method: string,
    args: unknown[],
    errand: Errand | undefined,
    parent: OutgoingCall | undefined,
  ): RemoteResult<unknown> {
    const { clock, tables, outbox } = this.#setup;
    this.#checkRoom();
    const more = this.#more !== undefined;
    const id = ++this.#lastRequest;
    const call = new OutgoingCall(this, id, method, errand?.caller, more);
    const before = outbox.total;
    if (more && this.gate.closed) call.held = { box: new Outbox(), call: this.#forwarding(call) };
    else this.#setup.calling();
    const envelope = more ? envelopeFor(errand, true) : undefined;
    const exported = this.#encode(id, destination, method, args, Wants.answer, envelope, call.held?.box);
    const uses = this.#used;
    if (call.held !== undefined) {
      this.gate.hold(call.held);
    } else {
      call.position = more ? outbox.frame : before;
      if (more) this.gate.open++;
    }
    call.parent = parent;
    if (parent !== undefined || uses.length > 0) {
      call.uses = parent === undefined ? uses : [parent.result, ...uses];
      for (const result of call.uses) RemoteResult.opened(result);
    }
    if (this.#awaited === noEntries()) this.#awaited = new IdTable();
    this.#awaited.set(id, call);
    call.opened();
    this.#byChain?.add(call);
    if (exported !== undefined) {
      call.exported = exported;
      tables.pin(exported);
    }
    if (errand?.signal !== undefined || errand?.timeout !== undefined) call.limit(errand, clock);
    this.#setup.awaiting();
    if (call.held === undefined) this.#setup.called();
    return call.result;
  }

  #forwarding(call: OutgoingCall): { forwarded(): void } {
    return {
      forwarded: () => {
        call.position = this.#setup.outbox.frame;
        call.held = undefined;
      },
    };
  }

  #encode(
    id: number,
    { to, id: target, perspective }: Destination,
    method: string,
    args: unknown[],
    wants: number,
    envelope: Envelope | undefined,
    box: Outbox | undefined,
  ): number[] | undefined {
    const last = args[args.length - 1];
    const keywords = last instanceof Keywords ? last : undefined;
    const positional = keywords === undefined ? args : args.slice(0, -1);
    const { codec } = this.#setup;
    const outer = this.#uses;
    const outerBoxed = this.#boxed;
    this.#uses = NONE;
    this.#boxed = box !== undefined;
    try {
      const exported = codec.sendCall(to, id, target, method, positional, keywords, wants, perspective, envelope, box);
      this.#used = this.#uses;
      return exported;
    } catch (error) {
      // What it was to refer to may have been asked to be kept, and not to be answered.
      for (const result of this.#uses) {
        if (error instanceof NotYet) RemoteResult.want(result);
        else {
          RemoteResult.opened(result);
          RemoteResult.closed(result);
        }
      }
      // A call that was not sent leaves its number to the next one, unless there was one meanwhile.
      if (this.#lastRequest === id) this.#lastRequest--;
      throw error;
    } finally {
      this.#uses = outer;
      this.#boxed = outerBoxed;
    }
  }
}

const NONE: readonly RemoteResult<unknown>[] = [];
const NOBODY = { forwarded: () => {} };
const ignore = (): void => {};
