// The objects of this side that the peer can ask for by name. Mostly one, the root: it costs no Map.
import type { Referenceable } from "../flavors/referenceable.ts";

export class Names {
  #name: string | undefined;
  #object: Referenceable | undefined;
  #others: Map<string, Referenceable> | undefined;

  get size(): number {
    return (this.#name === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(name: string): Referenceable | undefined {
    return name === this.#name ? this.#object : this.#others?.get(name);
  }

  /** A later object of the same name takes the place of the first. */
  set(name: string, object: Referenceable): void {
    if (name === this.#name || this.size === 0) {
      this.#name = name;
      this.#object = object;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(name, object);
  }

  /** Takes the name back, if it is still that of the object. */
  remove(name: string, object: Referenceable): void {
    if (this.get(name) !== object) return;
    if (name === this.#name) this.#name = this.#object = undefined;
    else this.#others?.delete(name);
  }

  all(): string[] {
    const others = [...(this.#others?.keys() ?? [])];
    return this.#name === undefined ? others : [this.#name, ...others];
  }

  clear(): void {
    this.#name = this.#object = this.#others = undefined;
  }
}
