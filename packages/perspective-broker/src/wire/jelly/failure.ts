// Errors on the wire (spec §7): what an exception becomes as a CopyableFailure, and what one that arrives becomes here.
import {
  DeadlockError,
  type ErrorClass,
  InvalidArguments,
  LoginFailed,
  NoSuchMethod,
  PBError,
  RemoteError,
  TooManyLogins,
  wireNameOf,
} from "../../errors.ts";
import { Tuple } from "../../values/tuple.ts";
import type { ClassPolicy } from "../dialect.ts";

export const COPYABLE_FAILURE = "twisted.spread.pb.CopyableFailure";
const UNAVAILABLE = "Traceback unavailable\n";
const EXCEPTION = ["builtins.Exception", "builtins.BaseException", "builtins.object"];

let count = 0;

/** What an error is called on the wire where that is not what it is called here. */
interface Wording {
  readonly message: string;
  /** Type and bases, without those that every exception has. */
  readonly parents?: readonly string[];
}

const wordings = new WeakMap<object, Wording>();

/** Words an error of this side as Twisted would; the local text may say more. */
export function sentAs<E extends Error>(error: E, wording: Wording): E {
  wordings.set(error, wording);
  return error;
}

/**
 * The state of a CopyableFailure (spec §7.2), keys in the order of Twisted 22.4. `later`: the method failed after it had
 * returned a promise; `tag`: what its class is registered as. The type must be a byte string, every other text unicode.
 */
export function failureState(
  thrown: unknown,
  later: boolean,
  unsafeTracebacks: boolean,
  tag?: string,
): Map<string, unknown> {
  const { type, message, parents, traceback, data } = describeError(thrown, tag);
  const state = new Map<string, unknown>([
    ["count", ++count],
    ["type", new TextEncoder().encode(type)],
    ["value", message.toWellFormed()],
    ["captureVars", false],
    ["frames", []],
    ["stack", []],
    ["tb", null],
    ["parents", parents],
  ]);
  if (later) state.set("pickled", 1);
  state.set("unsafeTracebacks", unsafeTracebacks);
  state.set("traceback", unsafeTracebacks ? traceback.toWellFormed() : UNAVAILABLE);
  // An addition of ours: a CopiedFailure keeps it as an attribute that nobody asks for.
  if (data !== undefined) state.set("data", data);
  return state;
}

/** Whether an error is an expected one, an application's or of a login: it is not logged where it was thrown (spec §5.9). */
export function isExpected(thrown: unknown): boolean {
  if (thrown instanceof PBError || thrown instanceof LoginFailed || thrown instanceof DeadlockError) return true;
  return thrown instanceof RemoteError && thrown.check(PBError.wireName);
}

/** An error by its names and message alone, for when the rest of it cannot be sent. */
export function withoutData(thrown: unknown): RemoteError {
  const { type, message, parents } = describeError(thrown);
  return new RemoteError({ type, message, parents });
}

/** A RemoteError from the state that arrived; byte strings and texts both do, and only `type` must be there. */
export function failureFromState(state: unknown): RemoteError {
  const given = attributesOf(state);
  const parents = given.get("parents");
  const data = given.get("data");
  return new RemoteError({
    type: asText(given.get("type")) || "builtins.Exception",
    message: asText(given.get("value")),
    parents: Array.isArray(parents) ? parents.map(asText) : [],
    traceback: asText(given.get("traceback")) || UNAVAILABLE,
    ...(isRecord(data) ? { data: Object.fromEntries(attributesOf(data)) } : {}),
  });
}

/** An error whose class is registered here is made an instance of it, also from a peer that has not registered it. */
export function revived(remote: RemoteError, classes: ClassPolicy): unknown {
  const decoder = classes.isTypeAllowed(remote.type) === false ? undefined : classes.decoder(remote.type);
  return decoder?.kind === "made" ? decoder.make({ ...remote.data, message: remote.message }) : remote;
}

/** The attributes in the state of an instance, by name. Python 2 writes the names as byte strings. */
export function attributesOf(state: unknown): ReadonlyMap<string, unknown> {
  const attributes = new Map<string, unknown>();
  if (typeof state !== "object" || state === null) return attributes;
  for (const [key, value] of state instanceof Map ? state : Object.entries(state)) {
    const name = key instanceof Uint8Array ? asText(key) : key;
    if (typeof name === "string") attributes.set(name, value);
  }
  return attributes;
}

/** What came as an error and is none: a peer may send any value (spec §4.5). */
export function errorFrom(value: unknown): Error {
  if (value instanceof Error) return value;
  const type = value === null ? "builtins.NoneType" : value instanceof Tuple ? "builtins.tuple" : typeof value;
  return new RemoteError({ type, message: asText(value) });
}

/** What travels of an error, whatever the dialect. */
export interface Description {
  type: string;
  message: string;
  parents: readonly string[];
  traceback: string;
  data?: Record<string, unknown> | undefined;
}

/** An error as it travels. `tag`: what its class is registered as. */
export function describeError(thrown: unknown, tag?: string): Description {
  if (thrown instanceof RemoteError) {
    const { type, message, parents, remoteTraceback, data } = thrown;
    return {
      type,
      message,
      parents: parents.length > 0 ? parents : [type, ...EXCEPTION],
      traceback: remoteTraceback,
      data: Object.keys(data).length > 0 ? data : undefined,
    };
  }
  if (!(thrown instanceof Error)) {
    const message = `a value that is no error was thrown: ${typeof thrown}`;
    return { type: "builtins.Exception", message, parents: EXCEPTION, traceback: UNAVAILABLE };
  }
  const wording = wordings.get(thrown);
  const parents = wording?.parents === undefined ? parentsOf(thrown) : [...wording.parents, ...EXCEPTION];
  if (tag !== undefined && parents[0] !== tag) parents.unshift(tag);
  return {
    type: parents[0] as string,
    message: wording?.message ?? textOf(() => thrown.message),
    parents,
    traceback: textOf(() => thrown.stack) || UNAVAILABLE,
    data: tag !== undefined || hasData(thrown) ? ownData(thrown) : undefined,
  };
}

/** Whether an error has properties that the caller is to know. */
function hasData(error: Error): boolean {
  return (
    error instanceof PBError ||
    error instanceof TooManyLogins ||
    error instanceof InvalidArguments ||
    error instanceof DeadlockError
  );
}

/** The dotted names of the class and its bases that have one, ending as Python's do. */
function parentsOf(error: Error): string[] {
  if (error instanceof NoSuchMethod && error.wireType !== undefined) return [error.wireType, ...EXCEPTION];
  const parents: string[] = [];
  for (let c = error.constructor; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (c === TypeError || c === RangeError || (Object.hasOwn(c, "wireName") && c !== Error)) {
      const name = wireNameOf(c as unknown as ErrorClass);
      if (!parents.includes(name)) parents.push(name);
    }
    if (!Object.hasOwn(c, "wireParents")) continue;
    for (const name of (c as unknown as ErrorClass).wireParents ?? []) if (!parents.includes(name)) parents.push(name);
  }
  for (const name of EXCEPTION) if (!parents.includes(name)) parents.push(name);
  return parents;
}

/** The own enumerable properties of an expected error, which travel with it. */
export function ownData(error: Error): Record<string, unknown> | undefined {
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error)) {
    if (name !== "name" && name !== "stack" && name !== "cause" && name !== "message") data[name] = value;
  }
  return Object.keys(data).length > 0 ? data : undefined;
}

/** A hostile or careless error class may have a getter that throws. */
function textOf(read: () => unknown): string {
  try {
    const value = read();
    return value === undefined ? "" : String(value);
  } catch {
    return "";
  }
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? "" : String(value);
}

/** With `dicts: "map"` every dictionary is a Map. */
function isRecord(value: unknown): boolean {
  if (value instanceof Map) return true;
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
