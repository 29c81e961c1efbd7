// Errors of methods and streams on their way to the peer: how they are logged here, how much of them can be told, and what their
// stack says over there.
import { InvalidArguments, NoSuchMethod, UnsendableError } from "../errors.ts";
import { WrongArguments } from "../flavors/method-table.ts";
import { isExpected, withoutData } from "../wire/jelly/failure.ts";
import type { Log } from "./log.ts";

/** How an error of a method is logged; not at all if it is an expected one. What was thrown may be anything. */
export function levelOf(error: unknown): "debug" | "error" | undefined {
  try {
    if (error instanceof NoSuchMethod || error instanceof WrongArguments || error instanceof InvalidArguments) {
      return "debug";
    }
    return isExpected(error) ? undefined : "error";
  } catch {
    return "error";
  }
}

/** Logs what `what` has thrown, unless it was to be expected. */
export function logFailure(log: Log, what: string, error: unknown): void {
  const level = levelOf(error);
  if (level === "debug") log({ level, message: `${what} failed`, error });
  else if (level === "error") log({ level, message: `${what} failed unexpectedly`, error });
}

/** Logs that a value of `what` could not be encoded, and gives the error to tell the peer. */
export function unsendable(log: Log, what: string, error: unknown): unknown {
  const message = `${what} cannot be sent`;
  log({ level: "error", message, error });
  return error instanceof UnsendableError ? new UnsendableError("", `${message}: ${error.message}`) : error;
}

/**
 * Sends an error; without its data if it cannot be sent as it is, and if even that cannot be, without anything of it. Throws if
 * nothing at all can be sent.
 */
export function sendFailure(log: Log, error: unknown, send: (error: unknown) => void): void {
  try {
    send(error);
    return;
  } catch (unsendable) {
    log({ level: "error", message: "an error cannot be sent as it is", error: unsendable });
  }
  try {
    send(withoutData(error));
  } catch {
    send(new Error("it failed, and its error could not be sent"));
  }
}

/** The frames of an error that was decoded are the library's; what helps is where it comes from. */
export function showWhere(error: Error, where: string): void {
  const value = `${error.name}: ${error.message}\n    at ${where}`;
  Object.defineProperty(error, "stack", { value, configurable: true, writable: true });
}
