// A number that stays a float on the wire when it is integral: JavaScript's 1 and 1.0 are one value, Python's
// are an int and a float. Takes part in arithmetic through valueOf; it has no arithmetic of its own.

import { printedAs } from "./printed-as.ts";

/** A float, also when integral: `new Float(1)` is `1.0` in Python. */
export class Float {
  declare readonly "~pb": "float";
  readonly value: number;

  constructor(value: number) {
    if (typeof value !== "number") throw new TypeError(`Float takes a number, not ${typeof value}`);
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return String(this.value);
  }

  toJSON(): number {
    return this.value;
  }

  static {
    printedAs(Float, ({ value }) => `Float(${Object.is(value, -0) ? "-0" : value})`);
  }
}
