// What all errors have in common: a code, a name for the wire, and a brand that other copies of the package know.

/**
 * The base of every error that the library itself raises. `code` is stable and meant for programs; the message is meant
 * for people and may change.
 *
 * `instanceof` works by brand, so that two copies of the package recognise each other's errors.
 */
export abstract class PerspectiveBrokerError extends Error {
  static readonly brand: string = "PerspectiveBrokerError";
  abstract readonly code: ErrorCode;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: each subclass inherits this and is `this` then
    return hasBrand(this, value);
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    mark(this, new.target);
  }
}

/**
 * The application's expected error: throw it (or a subclass) from a method and it travels to the caller with its own
 * enumerable properties, without being logged. Give a subclass `static wireName = "shop.OutOfStock"` to name it on the
 * wire, and `registerError` it at the other end to have it come back as itself.
 */
export class PBError extends Error {
  static readonly brand: string = "PBError";
  /** The dotted name under which the class travels (spec §7.2, `type`). */
  static wireName = "twisted.spread.pb.Error";

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: each subclass inherits this and is `this` then
    return hasBrand(this, value);
  }

  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    Object.defineProperty(this, "name", { enumerable: false });
    mark(this, new.target);
  }
}

export type ErrorCode =
  | "REMOTE_ERROR"
  | "DEAD_REFERENCE"
  | "CONNECTION_LOST"
  | "CONNECT_FAILED"
  | "LISTEN_FAILED"
  | "BAD_ADDRESS"
  | "HANDSHAKE_TIMEOUT"
  | "NEGOTIATION_FAILED"
  | "PROTOCOL_ERROR"
  | "UNKNOWN_ID"
  | "BANANA_ERROR"
  | "LIMIT_EXCEEDED"
  | "INSECURE_JELLY"
  | "MALFORMED_VALUE"
  | "UNSENDABLE"
  | "NO_SUCH_METHOD"
  | "NO_SUCH_OBJECT"
  | "BAD_DECLARATION"
  | "INVALID_ARGUMENTS"
  | "CALL_TIMEOUT"
  | "CALL_ABORTED"
  | "NOT_A_REFERENCE"
  | "DEADLOCK"
  | "PAGING_STOPPED"
  | "NO_CURRENT_CALL"
  | "LOGIN_FAILED"
  | "UNAUTHORIZED_LOGIN"
  | "UNHANDLED_CREDENTIALS"
  | "TOO_MANY_LOGINS"
  | "INSECURE_LOGIN"
  | "LOGIN_EXCHANGE"
  | "DOWNGRADE_DETECTED"
  | "ITERATIONS_OUT_OF_BOUNDS"
  | "BAD_USER_STORE";

/** A class of errors, with the name that it has on the wire if it has one of its own. */
export interface ErrorClass {
  // biome-ignore lint/suspicious/noExplicitAny: a constructor of any arguments can be expressed in no other way
  new (...args: any[]): Error;
  readonly prototype: Error;
  readonly wireName?: string;
  /** What Python's class of that name inherits from beside the wire names of its bases here, most special first. */
  readonly wireParents?: readonly string[];
}

/** The dotted name of an error class on the wire (design: TypeError is builtins.TypeError, others their `wireName`). */
export function wireNameOf(kind: ErrorClass): string {
  for (let c: ErrorClass | null = kind; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (c === TypeError) return "builtins.TypeError";
    if (c === RangeError) return "builtins.ValueError";
    if (Object.hasOwn(c, "wireName") && typeof c.wireName === "string") return c.wireName;
  }
  return "builtins.Exception";
}

const BRANDS = Symbol.for("perspective-broker.brands");

/** Puts the brands of a class and its bases on an error; one shared list per class. */
function mark(error: Error, kind: object): void {
  let brands = brandsOf.get(kind);
  if (brands === undefined) {
    brands = [];
    for (let c: unknown = kind; typeof c === "function"; c = Object.getPrototypeOf(c)) {
      if (Object.hasOwn(c, "brand")) brands.push((c as { brand?: unknown }).brand);
    }
    brandsOf.set(kind, brands);
  }
  Object.defineProperty(error, BRANDS, { value: brands });
}

const brandsOf = new WeakMap<object, unknown[]>();

/** A class with a brand of its own is also matched by brand; an application's subclass only as JavaScript always does. */
function hasBrand(kind: { brand?: string }, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(kind, value)) return true;
  if (!Object.hasOwn(kind, "brand") || typeof value !== "object" || value === null) return false;
  return (value as { [BRANDS]?: string[] })[BRANDS]?.includes(kind.brand as string) ?? false;
}
