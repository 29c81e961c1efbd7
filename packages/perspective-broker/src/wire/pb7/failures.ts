// What an error becomes on the wire, and what one that arrives becomes here (docs/pb7.md, Calls): an instance of a class that
// both know, or its type, message, parents, traceback and data.
import { JellyError, RemoteError } from "../../errors.ts";
import { describeError, errorFrom, revived } from "../jelly/failure.ts";
import type { Decoder } from "./decoder.ts";
import { writeInstance } from "./rare-values.ts";
import { tags } from "./tags.ts";
import type { ValueWriter } from "./value-writer.ts";

export function writeFailure(writer: ValueWriter, error: unknown): void {
  const { classes, out } = writer;
  if (error instanceof Error) {
    const known = classes.encodeThrown(error);
    if (known !== undefined) {
      if (writer.isNew(error)) writeInstance(writer, known);
      return;
    }
  }
  const registered = error instanceof Error ? classes.tagOf(error.constructor) : undefined;
  const { type, message, parents, traceback, data } = describeError(error, registered);
  out.string(type);
  out.string(message);
  writer.member(parents, "parents");
  if (writer.options.unsafeTracebacks) out.string(traceback);
  else out.byte(tags.undefined);
  if (data === undefined) out.byte(tags.undefined);
  else writer.member(data, "data");
}

/** An Error, always: also what came as one and is none. */
export function readFailure(decoder: Decoder): Error {
  if (decoder.peek() === tags.instance) return errorFrom(decoder.value());
  const type = decoder.value();
  const message = decoder.value();
  const parents = decoder.value();
  const traceback = decoder.value();
  const data = decoder.value();
  if (typeof type !== "string" || typeof message !== "string")
    throw new JellyError("a failure with no type or message");
  if (!Array.isArray(parents) || !parents.every((parent) => typeof parent === "string")) {
    throw new JellyError("a failure with parents that are no strings");
  }
  const remote = new RemoteError({
    type: type || "builtins.Exception",
    message,
    parents,
    ...(typeof traceback === "string" && traceback !== "" ? { traceback } : {}),
    ...(data === undefined ? {} : { data: recordFrom(data) }),
  });
  return errorFrom(revived(remote, decoder.classes));
}

function recordFrom(data: unknown): Record<string, unknown> {
  if (data instanceof Map) return Object.fromEntries([...data].filter(([key]) => typeof key === "string"));
  if (typeof data !== "object" || data === null || Object.getPrototypeOf(data) !== Object.prototype) {
    throw new JellyError("a failure with data that is no object");
  }
  return data as Record<string, unknown>;
}
