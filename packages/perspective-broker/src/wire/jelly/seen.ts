// The containers that a walk over a value has met.

/** Objects with the place of each. A few are found faster by looking at each than by a Map (measured up to about 32). */
export class Seen {
  size = 0;
  readonly #objects: (object | undefined)[] = [];
  readonly #marks: number[] = [];
  #map: Map<object, number> | undefined;

  /** The mark of an object that is known, or -1: then it is known from now on, with this mark. */
  find(object: object, mark: number): number {
    const objects = this.#objects;
    const few = Math.min(this.size, FEW);
    for (let i = 0; i < few; i++) if (objects[i] === object) return this.#marks[i] as number;
    if (this.size < FEW) {
      objects[this.size] = object;
      this.#marks[this.size] = mark;
    } else {
      const known = this.#map?.get(object);
      if (known !== undefined) return known;
      this.#map ??= new Map();
      this.#map.set(object, mark);
    }
    this.size++;
    return -1;
  }

  has(object: object): boolean {
    const few = Math.min(this.size, FEW);
    for (let i = 0; i < few; i++) if (this.#objects[i] === object) return true;
    return this.#map?.has(object) ?? false;
  }

  clear(): void {
    const few = Math.min(this.size, FEW);
    for (let i = 0; i < few; i++) this.#objects[i] = undefined;
    this.#map = undefined;
    this.size = 0;
  }
}

const FEW = 32;
