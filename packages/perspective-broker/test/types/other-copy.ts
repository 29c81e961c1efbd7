// Referenceable and RemoteReference as another copy of the package declares them: the same brands, other classes.

export abstract class Referenceable {
  declare readonly "~pb": "ref";
  declare readonly "~pbTarget"?: this;
  readonly #other = true;
  isOther(): boolean {
    return this.#other;
  }
}

export class RemoteReference<T> {
  declare readonly "~pb": "remote";
  declare readonly "~pbTarget"?: T;
  readonly #other = true;
  isOther(): boolean {
    return this.#other;
  }
}
