// The tag under which an object is copied (spec §6.4, §6.5): what its class says, or else what it was registered under.
import { Cacheable } from "../../flavors/cacheable.ts";
import { Copyable } from "../../flavors/copyable.ts";
import type { ClassPolicy } from "../dialect.ts";

type Copied = Copyable | Cacheable;

export function tagToCopy(object: Copied, perspective: object | null, classes: ClassPolicy): string {
  return tagOf(object, object instanceof Copyable ? Copyable.prototype : Cacheable.prototype, perspective, classes);
}

/** The same for what is no Copyable. */
export function tagToCache(object: Cacheable, perspective: object | null, classes: ClassPolicy): string {
  return tagOf(object, Cacheable.prototype, perspective, classes);
}

/** Registering gives a class its name; a class that chooses names by itself, also for one perspective, keeps its choice. */
function tagOf(object: Copied, stock: Copied, perspective: object | null, classes: ClassPolicy): string {
  const chooses = object.getTypeToCopyFor !== stock.getTypeToCopyFor || object.getTypeToCopy !== stock.getTypeToCopy;
  const registered = chooses ? undefined : classes.tagOf(object.constructor);
  return registered ?? object.getTypeToCopyFor(perspective);
}
