// What both ends know of ponds and frogs. A class has a name for the wire; what arrives under that name has to be registered,
// or it is refused: a peer cannot choose which classes are made here.
import { Copyable, RemoteCopy, registerCopyable } from "perspective-broker";

/** What is sent: it becomes a ReceiverPond at the other side. Only what `getStateToCopy` gives leaves this program. */
export class CopyPond extends Copyable<ReceiverPond> {
  static wireName = "ponds.CopyPond";
  readonly color: string;
  readonly frogs: number;
  readonly toads: number;

  constructor(color: string, frogs: number, toads: number) {
    super();
    this.color = color;
    this.frogs = frogs;
    this.toads = toads;
  }

  override getStateToCopy() {
    return { color: this.color, count: this.frogs + this.toads };
  }
}

/** What arrives. It takes just the state that is sent: TypeScript compares the two where the pair is registered. */
export class ReceiverPond extends RemoteCopy {
  #description = "";

  override setCopyableState(state: { color: string; count: number }) {
    this.#description = `a ${state.color} pond with ${state.count} animals`;
  }

  describe() {
    return this.#description;
  }
}

registerCopyable(CopyPond, ReceiverPond);

/** One class for both directions. Copies are made by the constructor, so that it may have private fields. */
export class Frog extends Copyable {
  static wireName = "ponds.Frog";
  #name: string;
  #croaks = 0;

  constructor(name = "") {
    super();
    this.#name = name;
  }

  croak() {
    this.#croaks += 1;
  }

  describe() {
    return `${this.#name} has croaked ${this.#croaks} times`;
  }

  override getStateToCopy() {
    return { name: this.#name, croaks: this.#croaks };
  }

  override setCopyableState(state: { name: string; croaks: number }) {
    this.#name = state.name;
    this.#croaks = state.croaks;
  }
}

registerCopyable(Frog);

/** Nobody has registered this one. */
export class Puddle extends Copyable {
  static wireName = "ponds.Puddle";
}
