// Errors as values: an Error among arguments or in a result, of no class that both sides know (docs/pb7.md, tag 1b).
import { JellyError } from "../../errors.ts";
import { tags } from "./tags.ts";

/** By their numbers on the wire. */
const kinds = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError] as const;

export const AGGREGATE: number = kinds.indexOf(AggregateError);

/** What of an error does not travel among its own properties. */
const elsewhere: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

export function kindOfError(error: Error): number {
  const kind = kinds.findIndex((one, number) => number > 0 && error instanceof one);
  return Math.max(kind, 0);
}

/** The name of an error, unless it is something else than a string. */
export function nameOf(error: Error): string {
  const { name } = error;
  return typeof name === "string" ? name : "Error";
}

export function messageOf(error: Error): string {
  const { message } = error;
  return typeof message === "string" ? message : "";
}

export function otherProperties(error: Error): Record<string, unknown> {
  const others: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (elsewhere.has(key)) continue;
    const value = (error as unknown as Record<string, unknown>)[key];
    Object.defineProperty(others, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return others;
}

/** The error as far as it can be made before its cause is known, which may refer to it. */
export function newError(kind: number, name: string, message: string): Error {
  const kindClass = kinds[kind];
  if (kindClass === undefined) throw new JellyError(`there is no kind ${kind} of errors`);
  const error =
    kindClass === AggregateError ? new AggregateError([], message) : new (kindClass as ErrorConstructor)(message);
  if (name !== error.name) hide(error, "name", name);
  // Where it was decoded says nothing about where it was made.
  hide(error, "stack", message === "" ? name : `${name}: ${message}`);
  return error;
}

/** What may refer to the error itself. 11 stands for what is not there. */
export function completeError(
  error: Error,
  kind: number,
  { cause, errors, others }: { cause: { value: unknown } | undefined; errors: unknown; others: unknown },
): void {
  if (cause !== undefined) hide(error, "cause", cause.value);
  if (kind === AGGREGATE && errors !== undefined) {
    if (!Array.isArray(errors)) throw new JellyError("an AggregateError with errors that are no array");
    hide(error, "errors", errors);
  }
  const entries = others instanceof Map ? [...others] : Object.entries(others as object);
  for (const [key, value] of entries) {
    if (typeof key !== "string" || elsewhere.has(key)) continue;
    Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}

/** Stands for a cause or errors that are not there. */
export const ABSENT: number = tags.hole;
