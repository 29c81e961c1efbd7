// For whom an object of this side is called, and so its arguments are decoded and its results encoded (spec §6.6).
import { AvatarReference, principalOf } from "../flavors/avatar.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import { ViewPoint } from "../flavors/viewable.ts";

/** The avatar behind an exported object; null for objects that do not know their callers. */
export function perspectiveOf(object: Referenceable): object | null {
  if (object instanceof AvatarReference) return object.avatar;
  return object instanceof ViewPoint ? object.perspective : null;
}

/** Who calls an exported object, as the checker said; undefined for objects that do not know their callers. */
export function principalFor(object: Referenceable): unknown {
  if (object instanceof AvatarReference) return object.principal;
  return object instanceof ViewPoint && object.perspective !== null ? principalOf(object.perspective) : undefined;
}
