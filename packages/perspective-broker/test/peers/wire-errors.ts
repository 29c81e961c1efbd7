// The error classes of the interop interface, with their names on the wire. Both peers use them; pbtypes.py has the same.
import { PBError } from "perspective-broker";

/** Expected, and unknown to the other side. */
export class PeerError extends PBError {
  static override wireName = "pbpeer.PeerError";
}

/** Unexpected. */
export class PeerError2 extends Error {
  static readonly wireName = "pbpeer.PeerError2";
}

/** Expected, and registered at both sides: it travels as itself, with its code and nothing else. */
export class KnownError extends PBError {
  static override wireName = "pbpeer.KnownError";
  readonly code: number;

  constructor(code: number) {
    super();
    this.code = code;
  }
}

class ArithmeticError extends Error {
  static readonly wireName: string = "builtins.ArithmeticError";
}

/** Python's, by name. */
export class ZeroDivisionError extends ArithmeticError {
  static override readonly wireName = "builtins.ZeroDivisionError";
}
