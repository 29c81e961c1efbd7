// What `with` adds to the options of a reference or of an object: checked where it is given, not where it is used.
import type { CallOptions } from "../types.ts";

/** `given` on top of `own`. Throws TypeError or RangeError for what makes no sense. */
export function withOptions(own: CallOptions | undefined, given: CallOptions): CallOptions {
  const { signal, timeout } = given;
  if (timeout !== undefined && typeof timeout !== "number")
    throw new TypeError("timeout: must be a number of milliseconds");
  if (timeout !== undefined && !(timeout > 0))
    throw new RangeError("timeout: must be a number of milliseconds above 0");
  if (signal !== undefined && typeof signal.addEventListener !== "function") {
    throw new TypeError("signal: must be an AbortSignal");
  }
  return { ...own, ...given };
}
