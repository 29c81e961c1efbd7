// The objects of a frame by their numbers, as the encoder meets them.

/** A few are found faster by looking at each than by a table (measured up to about 32, as in wire/jelly/seen.ts). */
const FEW = 32;

export class Numbering {
  size = 0;
  #objects: (object | undefined)[] = [];
  // Most messages share nothing: a Set says so in one look-up per object. Numbers are looked up from the first find on.
  #met: Set<object> | undefined;
  #numbers: Map<object, number> | undefined;

  /** The number of an object that was met before, or -1: then it has the next one from now on. */
  find(object: object): number {
    const size = this.size;
    const objects = this.#objects;
    if (size >= FEW) return this.#findAmongMany(object);
    for (let i = 0; i < size; i++) if (objects[i] === object) return i;
    objects[size] = object;
    this.size = size + 1;
    return -1;
  }

  /** Gives the next number to something that nothing else can refer to. */
  skip(): void {
    this.#objects[this.size++] = undefined;
  }

  /** Takes back the number that was given last. */
  forget(): void {
    const object = this.#objects[--this.size] as object;
    this.#objects[this.size] = undefined;
    this.#met?.delete(object);
    this.#numbers?.delete(object);
  }

  has(object: object): boolean {
    return this.#objects.includes(object);
  }

  clear(): void {
    if (this.size > FEW) {
      this.#objects = [];
      this.#met = this.#numbers = undefined;
    } else {
      const objects = this.#objects;
      for (let i = 0; i < this.size; i++) objects[i] = undefined;
    }
    this.size = 0;
  }

  #findAmongMany(object: object): number {
    const objects = this.#objects;
    if (this.#numbers === undefined) {
      this.#met ??= new Set(objects as object[]);
      const known = this.#met.size;
      this.#met.add(object);
      if (this.#met.size > known) {
        objects[this.size++] = object;
        return -1;
      }
      this.#numbers = new Map();
      for (let i = 0; i < this.size; i++) {
        const one = objects[i];
        if (one !== undefined) this.#numbers.set(one, i);
      }
    }
    const number = this.#numbers.get(object);
    if (number !== undefined) return number;
    this.#numbers.set(object, this.size);
    objects[this.size++] = object;
    return -1;
  }
}
