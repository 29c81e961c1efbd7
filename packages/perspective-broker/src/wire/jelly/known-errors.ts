// Error classes that both sides know: how one becomes a state, and an instance again without running its constructor.
import type { ErrorClass } from "../../errors.ts";
import type { Decoder } from "../dialect.ts";
import { attributesOf, ownData } from "./failure.ts";

/** The own enumerable properties, and the message if there is one. */
export function errorState(error: Error): Record<string, unknown> {
  const state = ownData(error) ?? {};
  return error.message === "" ? state : { ...state, message: error.message };
}

export function errorDecoder(kind: ErrorClass): Decoder {
  return { kind: "made", make: (state) => revive(kind, state) };
}

function revive(kind: ErrorClass, state: unknown): Error {
  const error: Error = Object.create(kind.prototype);
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(error, "name", { ...hidden, value: kind.name });
  Object.defineProperty(error, "message", { ...hidden, value: "" });
  for (const [name, value] of attributesOf(state)) {
    if (name === "message") error.message = typeof value === "string" ? value : "";
    else if (name !== "stack" && name !== "name" && name !== "__proto__") {
      Object.defineProperty(error, name, { value, writable: true, enumerable: true, configurable: true });
    }
  }
  return error;
}
