// The entries of a state that arrived, as properties of the object that it is for. A peer chooses the names: none of them may
// reach the prototype.

/** Sets the entries of a dictionary as own properties; what is no dictionary changes nothing, nor do keys that are no texts. */
export function setProperties(object: object, state: unknown): void {
  if (typeof state !== "object" || state === null || Array.isArray(state) || ArrayBuffer.isView(state)) return;
  const entries = state instanceof Map ? state : Object.entries(state);
  for (const [name, value] of entries) {
    // Python 2 sends its attribute names as byte strings (spec §11).
    const key = name instanceof Uint8Array ? new TextDecoder().decode(name) : name;
    if (typeof key !== "string") continue;
    if (key in object && key !== "__proto__") (object as Record<string, unknown>)[key] = value;
    else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
}
