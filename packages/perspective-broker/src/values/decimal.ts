// Python's decimal.Decimal as a value: an integer coefficient times a power of ten, exact, with the trailing
// zeros it was given (9.50 is not written as 9.5). No arithmetic: hand it to a decimal library for that.
// As on the wire, the sign of a negative zero is not kept (spec/pb-wire.md section 3.2).

import { printedAs } from "./printed-as.ts";

/** The fields of a decimal; the coefficient has the sign. */
export interface DecimalFields {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** A decimal number, `coefficient` × 10 ** `exponent`: `Decimal.from("9.95")` is 995 × 10 ** -2. */
export class Decimal {
  declare readonly "~pb": "value";
  /** With the sign. */
  readonly coefficient: bigint;
  readonly exponent: number;

  constructor(coefficient: bigint, exponent = 0) {
    if (typeof coefficient !== "bigint") {
      throw new TypeError(`the coefficient of a Decimal is a bigint, not ${typeof coefficient}`);
    }
    if (!Number.isSafeInteger(exponent)) {
      throw new RangeError(`the exponent of a Decimal must be a safe integer, not ${String(exponent)}`);
    }
    this.coefficient = coefficient;
    this.exponent = exponent + 0;
  }

  /** From text ("9.95", "-1E+20"), or a bigint. Not from a number, which is seldom the decimal that was meant. */
  static from(source: string | bigint | DecimalFields): Decimal {
    if (typeof source === "string") return parse(source);
    if (typeof source === "bigint") return new Decimal(source);
    if (typeof source === "object" && source !== null) return new Decimal(source.coefficient, source.exponent);
    throw new TypeError(`Decimal.from takes text or a bigint, not ${typeof source}`);
  }

  /** -1, 0 or 1, by numeric value. */
  static compare(a: DecimalFields, b: DecimalFields): -1 | 0 | 1 {
    const sign = signOf(a);
    if (sign !== signOf(b)) return sign < signOf(b) ? -1 : 1;
    // The same sign: compare magnitudes, by the place of the leading digit, then digit by digit. Aligning the
    // exponents instead would let "1E+999999999" ask for a gigabyte.
    const [left, right] = [magnitude(a), magnitude(b)];
    if (left.place !== right.place) return left.place > right.place ? sign : (-sign as -1 | 0 | 1);
    if (left.digits === right.digits) return 0;
    return left.digits > right.digits ? sign : (-sign as -1 | 0 | 1);
  }

  /** The same numeric value; 9.5 equals 9.50. */
  equals(other: DecimalFields): boolean {
    return Decimal.compare(this, other) === 0;
  }

  /** The nearest number; infinite when it is too large. */
  toNumber(): number {
    return Number(this.toString());
  }

  /** As Python's `str()`: "9.95", "0.00", "1E+20", "1E-7". */
  toString(): string {
    const digits = digitsOf(this);
    const sign = this.coefficient < 0n ? "-" : "";
    const point = this.exponent + digits.length; // how many of the digits stand before the point
    if (this.exponent === 0) return sign + digits;
    if (this.exponent < 0 && point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
    if (this.exponent < 0 && point > -6) return `${sign}0.${"0".repeat(-point)}${digits}`;
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}E${point > 0 ? "+" : ""}${point - 1}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Always throws TypeError: `<` on decimals would compare their text, and `+` join it. */
  valueOf(): never {
    throw new TypeError("a Decimal has no arithmetic: use Decimal.compare(), equals() or toNumber()");
  }

  static {
    printedAs(Decimal, (decimal) => `Decimal <${decimal}>`);
  }
}

function parse(text: string): Decimal {
  if (/^[+-]?(?:s?nan\d*|inf(?:inity)?)$/i.test(text)) {
    throw new RangeError(`a Decimal is a finite number; ${text} cannot be sent`);
  }
  const match = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text);
  if (!match) throw new RangeError(`not a decimal number: ${JSON.stringify(text)}`);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const coefficient = BigInt(whole + fraction);
  return new Decimal(sign === "-" ? -coefficient : coefficient, Number(exponent) - fraction.length);
}

function signOf({ coefficient }: DecimalFields): -1 | 0 | 1 {
  return coefficient < 0n ? -1 : coefficient > 0n ? 1 : 0;
}

function digitsOf({ coefficient }: DecimalFields): string {
  return (coefficient < 0n ? -coefficient : coefficient).toString();
}

function magnitude(decimal: DecimalFields): { place: number; digits: string } {
  if (decimal.coefficient === 0n) return { place: 0, digits: "" };
  const digits = digitsOf(decimal);
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return { place: decimal.exponent + digits.length, digits: digits.slice(0, end) };
}
