// The peer's objects that are held here. One reference per object while it is held; every receipt is counted and given back
// exactly once, by release() or, for what was forgotten, when the reference was collected.
import { LimitExceeded } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Conversation, Target } from "../references/conversation.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import { IdTable, noEntries } from "./id-table.ts";

export class Import implements Target {
  readonly conversation: Conversation;
  readonly id: number;
  /** For whom it was decoded, and for whom the arguments of calls on it are encoded (spec §6.6). */
  readonly perspective: object | null;
  /** The same object, received for another perspective. */
  other: Import | undefined;
  receipts = 0;
  /** Running calls of the peer that brought it: what is given back meanwhile is sent after their answers (spec §5.8). */
  holds = 0;
  /** Receipts given back and not yet sent. */
  owed = 0;
  /** Calls of it that were made and are not sent yet: until they are, it can be called, even if it was given back meanwhile. */
  lent = 0;
  /** Receipts of calls that wait for their turn: whoever holds the reference already cannot give these back. */
  undelivered = 0;
  reference: WeakRef<RemoteReference>;

  constructor(conversation: Conversation, id: number, perspective: object | null) {
    this.conversation = conversation;
    this.id = id;
    this.perspective = perspective;
    this.reference = new WeakRef(new RemoteReference(this));
  }
}

// One for all connections. Its hold is the entry with its count: if the same object came again after the reference was
// collected, that is another entry, with a count of its own.
const collected = new FinalizationRegistry<Import>((entry) => entry.conversation.release(entry, entry.receipts));

export interface ImportsSetup {
  readonly conversation: Conversation;
  readonly limits: Pick<Limits, "imports">;
  /** Tells the peer that one receipt of an id is given back. */
  sendRelease(id: number): void;
}

export class Imports {
  readonly #setup: ImportsSetup;
  #byId: IdTable<Import> = noEntries();
  // Those of one object for different perspectives count each.
  #held = 0;

  constructor(setup: ImportsSetup) {
    this.#setup = setup;
  }

  /** The peer sent this object: counts a receipt. */
  receive(id: number, perspective: object | null): RemoteReference {
    const first = this.#byId.get(id);
    let entry = first;
    while (entry !== undefined && entry.perspective !== perspective) entry = entry.other;
    let reference = entry?.reference.deref();
    if (entry === undefined || reference === undefined) {
      const most = this.#setup.limits.imports;
      if (entry === undefined && this.#held >= most) {
        throw new LimitExceeded("imports", `more than limits.imports (${most}) references of the peer are held`);
      }
      if (entry !== undefined) this.#remove(entry);
      entry = new Import(this.#setup.conversation, id, perspective);
      reference = entry.reference.deref() as RemoteReference;
      entry.other = this.#byId.get(id);
      if (this.#byId === noEntries()) this.#byId = new IdTable();
      this.#byId.set(id, entry);
      this.#held++;
    }
    // Also when all was given back and it came again before that was sent: it owes again.
    if (entry.receipts++ === 0) collected.register(reference, entry, entry);
    return reference;
  }

  /** Gives receipts back. */
  release(entry: Import, receipts: number): void {
    const given = Math.min(receipts, entry.receipts - entry.undelivered);
    if (given <= 0) return;
    entry.receipts -= given;
    if (entry.receipts === 0) {
      collected.unregister(entry);
      if (entry.holds === 0) this.#remove(entry);
    }
    if (entry.holds > 0) entry.owed += given;
    else for (let i = 0; i < given; i++) this.#setup.sendRelease(entry.id);
  }

  /** A call that brought these references waits for its turn. */
  keep(references: readonly RemoteReference[]): void {
    for (const reference of references) (targetOf(reference) as Import).undelivered++;
  }

  /** Its turn has come. */
  deliver(references: readonly RemoteReference[]): void {
    for (const reference of references) (targetOf(reference) as Import).undelivered--;
  }

  /** A call brought these references, one entry per receipt: what is given back of them waits for its answer. */
  hold(references: readonly RemoteReference[]): void {
    for (const reference of references) (targetOf(reference) as Import).holds++;
  }

  /** The call is answered. */
  unhold(references: readonly RemoteReference[]): void {
    for (const reference of references) this.#unhold(targetOf(reference) as Import);
  }

  /** A call of it is made, and will be sent later: what is given back of it waits for that. */
  lend(entry: Import): void {
    entry.lent++;
    entry.holds++;
  }

  /** The call is sent, or will not be. */
  lentBack(entry: Import): void {
    entry.lent--;
    this.#unhold(entry);
  }

  #unhold(entry: Import): void {
    if (--entry.holds > 0) return;
    if (entry.receipts === 0) this.#remove(entry);
    for (; entry.owed > 0; entry.owed--) this.#setup.sendRelease(entry.id);
  }

  /** Takes an entry out of the chain of its id, if it is still in it. */
  #remove(entry: Import): void {
    const first = this.#byId.get(entry.id);
    let before: Import | undefined;
    if (first !== entry) {
      before = first;
      while (before !== undefined && before.other !== entry) before = before.other;
      if (before === undefined) return;
    }
    if (before !== undefined) before.other = entry.other;
    else if (entry.other === undefined) this.#byId.delete(entry.id);
    else this.#byId.set(entry.id, entry.other);
    entry.other = undefined;
    this.#held--;
  }

  *entries(): Generator<Import, void, void> {
    for (const first of this.#byId.values())
      for (let e: Import | undefined = first; e !== undefined; e = e.other) yield e;
  }

  /** The connection is gone: nothing is owed any more. */
  clear(): void {
    for (const entry of this.entries()) {
      collected.unregister(entry);
      entry.receipts = 0;
    }
    this.#byId = noEntries();
  }
}
