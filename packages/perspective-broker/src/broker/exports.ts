// The objects of this side that the peer may call: by id, counted as often as they were sent, or by name, not counted
// (spec §5.1 to §5.6). Ids rise and are never used again.
import { LimitExceeded, UnknownId } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { ObjectId } from "../wire/message.ts";

export interface Export {
  readonly id: number;
  readonly object: Referenceable;
  /** Receipts that the peer holds. */
  count: number;
  /** Unanswered calls that carried the object: the peer may still send it home after its last receipt is back (spec §5.8). */
  pins: number;
}

export class Exports {
  readonly #limit: number;
  /** The peer had more than enough refusals: the connection is to be closed (spec §5.6). */
  readonly #full: () => void;
  readonly #byId = new Map<number, Export>();
  readonly #byObject = new Map<Referenceable, Export>();
  readonly #byName = new Map<string, Referenceable>();
  #last = 0;
  #refusals = 0;

  constructor(limit: number, full: () => void) {
    this.#limit = limit;
    this.#full = full;
  }

  /** Counts one more receipt of the object; returns its id. */
  give(object: Referenceable): number {
    let entry = this.#byObject.get(object);
    if (entry === undefined) {
      Referenceable.checkDeclarations(object);
      if (this.#byId.size + this.#byName.size > this.#limit) throw this.#refuse();
      entry = { id: ++this.#last, object, count: 0, pins: 0 };
      this.#byId.set(entry.id, entry);
      this.#byObject.set(object, entry);
    }
    entry.count++;
    return entry.id;
  }

  /** Takes one receipt off. Throws UnknownId for an id that was never given out; one that is gone is let pass. */
  takeBack(id: ObjectId): void {
    if (typeof id !== "number") throw new UnknownId("a name was released; names are not counted");
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      this.#checkGiven(id);
      return;
    }
    if (entry.count > 0) entry.count--;
    this.#forgetUnused(entry);
  }

  /** Keeps objects while a call that carried them is unanswered. */
  pin(ids: readonly number[]): void {
    for (const id of ids) {
      const entry = this.#byId.get(id);
      if (entry !== undefined) entry.pins++;
    }
  }

  unpin(ids: readonly number[]): void {
    for (const id of ids) {
      const entry = this.#byId.get(id);
      if (entry === undefined) continue;
      entry.pins--;
      this.#forgetUnused(entry);
    }
  }

  /** The object of an id or a name, if it is there. */
  find(id: ObjectId): Referenceable | undefined {
    return typeof id === "number" ? this.#byId.get(id)?.object : this.#byName.get(id);
  }

  /** Throws UnknownId if the id was never given out. */
  checkGiven(id: ObjectId): void {
    if (typeof id === "number") this.#checkGiven(id);
  }

  /** Publishes an object under a name; the returned function takes it back if it is still the one. */
  name(name: string, object: Referenceable): () => void {
    Referenceable.checkDeclarations(object);
    this.#byName.set(name, object);
    return () => {
      if (this.#byName.get(name) === object) this.#byName.delete(name);
    };
  }

  entries(): IterableIterator<Export> {
    return this.#byId.values();
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  clear(): void {
    this.#byId.clear();
    this.#byObject.clear();
    this.#byName.clear();
  }

  #forgetUnused(entry: Export): void {
    if (entry.count > 0 || entry.pins > 0) return;
    this.#byId.delete(entry.id);
    this.#byObject.delete(entry.object);
  }

  #checkGiven(id: number): void {
    if (id < 1 || id > this.#last) throw new UnknownId(`the peer used the object id ${id}, which it was never given`);
  }

  #refuse(): LimitExceeded {
    const text = "Maximum PB reference count exceeded.";
    if (++this.#refusals <= 3) return new LimitExceeded("references", text);
    this.#full();
    return new LimitExceeded("references", `${text}  Goodbye.`);
  }
}
