// The tag under which an object is copied (spec §6.4, §6.5): what its class says, or else what it was registered under.
import { Cacheable } from "../../flavors/cacheable.ts";
import { Copyable } from "../../flavors/copyable.ts";
import type { ClassPolicy } from "../dialect.ts";

/** Registering gives a class its name; a class that chooses names by itself, also for one perspective, keeps its choice. */
export function tagToCopy(object: Copyable | Cacheable, perspective: object | null, classes: ClassPolicy): string {
  const stock = object instanceof Copyable ? Copyable.prototype : Cacheable.prototype;
  const chooses = object.getTypeToCopyFor !== stock.getTypeToCopyFor || object.getTypeToCopy !== stock.getTypeToCopy;
  const registered = chooses ? undefined : classes.tagOf(object.constructor);
  return registered ?? object.getTypeToCopyFor(perspective);
}
