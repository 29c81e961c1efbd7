// The copies of the interop interface, with their names on the wire. Both peers use them; pbtypes.py has the same.
import { Copyable, RemoteCopy } from "perspective-broker";

/** Goes both ways. */
export class Point extends Copyable<Point> {
  static readonly wireName = "pbpeer.Point";
  x: number;
  y: number;

  constructor(x = 0, y = 0) {
    super();
    this.x = x;
    this.y = y;
  }
}

/** Goes both ways, under a tag without a dot; two of them may refer to each other. */
export class Tagged extends Copyable<Tagged> {
  static readonly wireName = "pbpeerTagged";
  label: string;
  friend: Tagged | null;

  constructor(label = "", friend: Tagged | null = null) {
    super();
    this.label = label;
    this.friend = friend;
  }
}

/** Sent by both, and received through a function that makes a `MadeHere`. */
export class Made extends Copyable {
  static readonly wireName = "pbpeer.Made";
  readonly n: number;

  constructor(n: number) {
    super();
    this.n = n;
  }
}

/** What a function made of the state of a `Made`. */
export class MadeHere {
  readonly state: unknown;

  constructor(state: unknown) {
    this.state = state;
  }
}

/** Has an owner, and a secret that nobody else gets to see. The perspective is an avatar with the name of its user. */
export class PerUser extends Copyable {
  static readonly wireName = "pbpeer.PerUser";
  readonly #owner: Uint8Array;
  readonly #secret: string;

  constructor(owner: Uint8Array, secret: string) {
    super();
    this.#owner = owner;
    this.#secret = secret;
  }

  override getStateToCopyFor(perspective: { readonly name: Uint8Array } | null): object {
    const isOwners = perspective !== null && Buffer.compare(perspective.name, this.#owner) === 0;
    return { owner: this.#owner, ...(isOwners && { secret: this.#secret }) };
  }
}

/** What a `PerUser` arrives as. */
export class RemotePerUser extends RemoteCopy {
  owner: Uint8Array = new Uint8Array();
  secret?: string;
}

/** Nobody registers it, so that the receiver must refuse it. */
export class Unregistered extends Copyable {
  static readonly wireName = "pbpeer.Unregistered";
  readonly n = 1;
}

/** The same under a tag without a dot, which the receiver refuses at an earlier step. */
export class UnregisteredNoDot extends Copyable {
  static readonly wireName = "pbpeerUnregistered";
  readonly n = 1;
}
