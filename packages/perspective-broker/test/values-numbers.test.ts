import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Decimal } from "../src/values/decimal.ts";
import { Float } from "../src/values/float.ts";

describe("a Float", () => {
  it("takes part in arithmetic as its number", () => {
    const one: any = new Float(1);
    expect(one + 1).toBe(2);
    expect(one * 3).toBe(3);
    expect(one < 2).toBe(true);
    expect(`${one}`).toBe("1");
    expect(JSON.stringify([one])).toBe("[1]");
  });

  it("keeps every number, and nothing but numbers", () => {
    for (const value of [0, -0, 1, 0.1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(new Float(value).value).toBe(value);
    expect(() => new Float("1" as never)).toThrow(TypeError);
  });

  it("shows what it is", () => {
    expect(inspect([new Float(1), new Float(-0)])).toBe("[ Float(1), Float(-0) ]");
  });
});

describe("a Decimal", () => {
  // The texts are what Python's str(Decimal(...)) gives.
  it.each([
    ["9.95", 995n, -2],
    ["0", 0n, 0],
    ["123456", 123456n, 0],
    ["-78.901", -78901n, -3],
    ["1E+20", 1n, 20],
    ["0.00", 0n, -2],
    ["1E-7", 1n, -7],
    ["0.000001", 1n, -6],
    ["0E-7", 0n, -7],
    ["0E+3", 0n, 3],
    ["0.000000", 0n, -6],
    ["1.23E+5", 123n, 3],
    ["-1.23E-8", -123n, -10],
    ["0.00000123", 123n, -8],
    ["1.00E+3", 100n, 1],
    ["1E+1000000000000000", 1n, 1e15],
  ])("%s is written as Python does and read back", (text, coefficient, exponent) => {
    expect(new Decimal(coefficient, exponent).toString()).toBe(text);
    expect(Decimal.from(text)).toEqual(new Decimal(coefficient, exponent));
  });

  it("reads the other ways to write a number", () => {
    for (const text of ["+9.5", "9.5e0", "95e-1", "0095E-1", "9.5E+0"]) expect(`${Decimal.from(text)}`).toBe("9.5");
    expect(`${Decimal.from(".5")}`).toBe("0.5");
    expect(`${Decimal.from("5.")}`).toBe("5");
    expect(`${Decimal.from(12n)}`).toBe("12");
  });

  it("does not keep the sign of a negative zero", () => {
    expect(`${Decimal.from("-0.00")}`).toBe("0.00");
  });

  it("refuses what is not a finite decimal, and says why", () => {
    for (const text of ["NaN", "-Infinity", "inf", "sNaN12"]) {
      expect(() => Decimal.from(text)).toThrow(new RangeError(`a Decimal is a finite number; ${text} cannot be sent`));
    }
    for (const text of ["", ".", "1.2.3", "e5", "0x10", "1_000", " 1", "1e", "--1"]) {
      expect(() => Decimal.from(text)).toThrow(RangeError);
    }
    expect(() => Decimal.from(0.1 as never)).toThrow(TypeError);
    expect(() => new Decimal(1 as never, 0)).toThrow(TypeError);
    expect(() => new Decimal(1n, 0.5)).toThrow(RangeError);
    expect(() => Decimal.from("1e99999999999999999999")).toThrow(RangeError);
  });

  it("is equal to another by value, not by its digits", () => {
    expect(Decimal.from("9.5").equals(Decimal.from("9.50"))).toBe(true);
    expect(Decimal.from("1E+3").equals(Decimal.from("1000"))).toBe(true);
    expect(Decimal.from("0.00").equals(Decimal.from("0E+9"))).toBe(true);
    expect(Decimal.from("9.5").equals(Decimal.from("-9.5"))).toBe(false);
  });

  it("is put in order by value, however large the exponents", () => {
    const sorted = ["-1E+900000000", "-10", "-9.5", "0", "1E-900000000", "0.1", "0.11", "9", "10", "1E+900000000"];
    const shuffled = [7, 2, 9, 4, 0, 5, 8, 1, 6, 3].map((i) => Decimal.from(sorted[i]!));
    expect(shuffled.sort(Decimal.compare).map(String)).toEqual(sorted);
  });

  it("gives the nearest number", () => {
    expect(Decimal.from("9.95").toNumber()).toBe(9.95);
    expect(Decimal.from("-1E+20").toNumber()).toBe(-1e20);
    expect(Decimal.from("1E+999").toNumber()).toBe(Number.POSITIVE_INFINITY);
  });

  it("refuses arithmetic and goes into JSON as text", () => {
    expect(() => (Decimal.from("1") as any) + 1).toThrow(TypeError);
    expect(() => (Decimal.from("1") as any) < 2).toThrow(TypeError);
    expect(JSON.stringify(Decimal.from("1.0"))).toBe('"1.0"');
    expect(inspect(Decimal.from("1.0"))).toBe("Decimal <1.0>");
  });

  const decimals = fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -60, max: 60 }))
    .map(([coefficient, exponent]) => new Decimal(coefficient, exponent));

  it("survives its own text", () => {
    fc.assert(
      fc.property(decimals, (decimal) => {
        expect(Decimal.from(decimal.toString())).toEqual(decimal);
      }),
    );
  });

  it("compares as exact integers do", () => {
    const scaled = (decimal: Decimal) => decimal.coefficient * 10n ** BigInt(decimal.exponent + 60);
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const [x, y] = [scaled(a), scaled(b)];
        expect(Decimal.compare(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });
});
