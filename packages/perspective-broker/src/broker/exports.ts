// The objects of this side that the peer may call: by id, counted as often as they were sent, or by name, not counted
// (spec §5.1 to §5.6). Ids rise and are never used again.

import { UnknownId } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { ObjectId } from "../wire/message.ts";
import { IdTable, noEntries } from "./id-table.ts";
import type { Ids } from "./ids.ts";
import type { Names } from "./names.ts";

export interface Export {
  readonly id: number;
  readonly object: Referenceable;
  readonly perspective: object | null;
  /** Receipts that the peer holds. */
  count: number;
  /** Unanswered calls that carried the object: the peer may still send it home after its last receipt is back (spec §5.8). */
  pins: number;
  /** Whose entry it is, and the object's next one, of another connection: an object knows its entries. */
  readonly owner: object;
  next: Export | undefined;
}

export interface ExportsSetup {
  readonly limits: Pick<Limits, "references">;
  /** What an application was told failed. */
  complain(what: string, error: unknown): void;
}

export class Exports {
  readonly #ids: Ids;
  readonly #setup: ExportsSetup;
  #byId: IdTable<Export> = noEntries();
  readonly #byName: Names;
  #cleanups: Map<Referenceable, (() => void)[]> | undefined;

  constructor(ids: Ids, setup: ExportsSetup, names: Names) {
    this.#ids = ids;
    this.#setup = setup;
    this.#byName = names;
  }

  /** Counts one more receipt of the object; returns its id. */
  give(object: Referenceable): number {
    let entry = this.#entryOf(object);
    if (entry === undefined) {
      try {
        object.checkDeclarations();
        if (this.#byId.size + this.#byName.size > this.#setup.limits.references) throw this.#ids.refuse("reference");
      } catch (error) {
        this.#cleanUp(object); // the peer will never have it
        throw error;
      }
      const perspective = object.callingPerspective();
      const next = Referenceable.exported.get(object) as Export | undefined;
      entry = { id: this.#ids.next(), object, perspective, count: 0, pins: 0, owner: this, next };
      if (this.#byId === noEntries()) this.#byId = new IdTable();
      this.#byId.set(entry.id, entry);
      Referenceable.exported.set(object, entry);
    }
    entry.count++;
    return entry.id;
  }

  /** Takes one receipt off; false if there was none. Throws UnknownId for an id that was never given out. */
  takeBack(id: ObjectId): boolean {
    if (typeof id !== "number") throw new UnknownId("a name was released; names are not counted");
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      this.#ids.check(id);
      return false;
    }
    if (entry.count === 0) return false; // kept for a call that carried it, or waits
    entry.count--;
    this.#forgetUnused(entry);
    return true;
  }

  /** Keeps objects while a call that carried them is unanswered. */
  pin(ids: readonly number[]): void {
    for (const id of ids) {
      const entry = this.#byId.get(id);
      if (entry !== undefined) entry.pins++;
    }
  }

  /** Keeps one object, if it is there; returns whether it is. A name needs no keeping. */
  pinOne(id: ObjectId): boolean {
    const entry = typeof id === "number" ? this.#byId.get(id) : undefined;
    if (entry !== undefined) entry.pins++;
    return entry !== undefined;
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

  /** Whether the peer holds a reference to the object, or a call that carries one is unanswered. */
  holds(object: object): boolean {
    return this.#entryOf(object) !== undefined;
  }

  /** For whom it is called. */
  perspective(id: ObjectId): object | null {
    if (typeof id === "number") return this.#byId.get(id)?.perspective ?? null;
    return this.#byName.get(id)?.callingPerspective() ?? null;
  }

  /** Runs `fn` once: when the peer gives back its last receipt of the object, cannot be given one, or the connection ends. */
  whenForgotten(object: Referenceable, fn: () => void): void {
    this.#cleanups ??= new Map();
    const cleanups = this.#cleanups.get(object);
    if (cleanups === undefined) this.#cleanups.set(object, [fn]);
    else cleanups.push(fn);
  }

  /** A result that nobody will get: what was to happen when the peer forgets it happens now, if the peer never had it. */
  forgetUnsent(result: unknown): void {
    if (this.#cleanups === undefined || !(result instanceof Referenceable)) return;
    if (this.#entryOf(result) === undefined) this.#cleanUp(result);
  }

  /** Throws UnknownId if the id was never given out. */
  checkGiven(id: ObjectId): void {
    if (typeof id === "number") this.#ids.check(id);
  }

  entries(): Export[] {
    return this.#byId.values();
  }

  names(): string[] {
    return this.#byName.all();
  }

  clear(): void {
    for (const entry of this.#byId.values()) this.#unlink(entry);
    this.#byId = noEntries();
    this.#byName.clear();
    for (const object of [...(this.#cleanups?.keys() ?? [])]) this.#cleanUp(object);
  }

  #forgetUnused(entry: Export): void {
    if (entry.count > 0 || entry.pins > 0) return;
    this.#byId.delete(entry.id);
    this.#unlink(entry);
    this.#cleanUp(entry.object);
  }

  #entryOf(object: object): Export | undefined {
    let entry = Referenceable.exported.get(object) as Export | undefined;
    while (entry !== undefined && entry.owner !== this) entry = entry.next;
    return entry;
  }

  #unlink(entry: Export): void {
    const first = Referenceable.exported.get(entry.object) as Export | undefined;
    if (first === entry) {
      Referenceable.exported.set(entry.object, entry.next);
      return;
    }
    let before = first;
    while (before !== undefined && before.next !== entry) before = before.next;
    if (before !== undefined) before.next = entry.next;
  }

  #cleanUp(object: Referenceable): void {
    const cleanups = this.#cleanups?.get(object);
    if (cleanups === undefined) return;
    this.#cleanups?.delete(object);
    for (const cleanup of cleanups) {
      try {
        cleanup();
      } catch (error) {
        this.#setup.complain("a logout", error);
      }
    }
  }
}
