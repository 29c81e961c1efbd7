// Objects that are passed by value (spec §6.4): the sender gives a tag and a state, the receiver makes an object of the class
// that it has registered for the tag. Each transmission makes a new copy.
import { DeclarationError } from "../errors.ts";
import { setProperties } from "../values/set-properties.ts";

/**
 * Base of objects that are copied when they are sent. The class has a name for the wire, `static wireName = "geo.Point"`, and
 * the other side registers what arrives under it (`registerCopyable`). A class that is registered at both ends goes both ways;
 * one that becomes another class over there says so: `Copyable<RemotePond>`.
 */
export abstract class Copyable<Copy = unknown> {
  declare readonly "~pb": "copy";
  declare readonly "~pbCopy": Copy;

  /** The tag. The stock one is the class's `static wireName`, or what it was registered under. */
  getTypeToCopy(): string {
    return wireNameOfClass(this);
  }

  /** The tag for one perspective: the avatar on whose behalf it is sent, or null. */
  getTypeToCopyFor(_perspective: unknown): string {
    return this.getTypeToCopy();
  }

  /** The state. The stock one is the object's own enumerable properties. Its type is checked against what the receiver takes. */
  getStateToCopy(): object {
    return { ...this };
  }

  /** The state for one perspective. What it leaves out that perspective never sees. */
  getStateToCopyFor(_perspective: unknown): object {
    return this.getStateToCopy();
  }

  /** Takes the state that arrived. The stock one sets properties. */
  setCopyableState(state: object): void {
    setProperties(this, state);
  }
}

/** Base of what arrives as a copy and is not sent itself. */
export class RemoteCopy {
  declare readonly "~pb": "copy";

  /** Takes the state that arrived. The stock one sets properties. */
  setCopyableState(state: object): void {
    setProperties(this, state);
  }
}

/** `static wireName` of the object's class. Throws DeclarationError if it has none. */
export function wireNameOfClass(object: object): string {
  const kind = object.constructor as { wireName?: unknown; name: string };
  if (typeof kind.wireName === "string" && kind.wireName !== "") return kind.wireName;
  throw nameless(kind);
}

/** The error for a class that crosses by name and has none. */
export function nameless({ name }: { readonly name?: string }): DeclarationError {
  return new DeclarationError(`${name} needs a name for the wire: static wireName = "app.${name}"`);
}
