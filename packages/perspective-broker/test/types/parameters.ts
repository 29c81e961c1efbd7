// `static parameters`, checked against the methods.

import { Referenceable } from "../../src/flavors/referenceable.ts";
import type { ParameterNames } from "../../src/types.ts";
import type { All, Equal } from "./assert.ts";

class Calculator extends Referenceable {
  static readonly parameters: ParameterNames<Calculator> = {
    add: ["a", "b?"],
    multiply: ["left_1", "RIGHT"],
    maybe: ["value?"],
    none: [],
  };
  remote_add(a: number, b = 1): number {
    return a + b;
  }
  remote_multiply(left: number, right: number): number {
    return left * right;
  }
  remote_maybe(value: string | undefined): string | undefined {
    return value;
  }
  remote_many(first: string, ...rest: number[]): string {
    return first + rest.length;
  }
  remote_none(): void {}
  private remote_hidden(a: number) {
    return a;
  }
  helper(a: number) {
    return this.remote_hidden(a);
  }
}

/** A subclass adds names of its own. */
class Scientific extends Calculator {
  static override readonly parameters: ParameterNames<Scientific> = { sin: ["x"] };
  remote_sin(x: number): number {
    return Math.sin(x);
  }
}

/** The other way of saying it. */
export class Checked extends Referenceable {
  static readonly parameters = { add: ["a", "b?"] } satisfies ParameterNames<Checked>;
  remote_add(a: number, b?: number): number {
    return a + (b ?? 0);
  }
}

export const inherited: ParameterNames<Scientific> = { sin: ["x"], add: ["a", "b?"] };
export const notAll: ParameterNames<Calculator> = {};

export const refused: ParameterNames<Calculator>[] = [
  // @ts-expect-error no such method
  { subtract: ["a", "b"] },
  // @ts-expect-error the prefix is not part of the name
  { remote_add: ["a", "b?"] },
  // @ts-expect-error not a remote method
  { helper: ["a"] },
  // @ts-expect-error private
  { hidden: ["a"] },
  // @ts-expect-error longer than the method's parameters
  { multiply: ["a", "b", "c"] },
  // @ts-expect-error shorter than what the method requires
  { multiply: ["a"] },
  // @ts-expect-error an optional parameter is marked
  { add: ["a", "b"] },
  // @ts-expect-error a required parameter is not
  { multiply: ["a", "b?"] },
  // @ts-expect-error no parameters
  { none: ["a"] },
  // @ts-expect-error any number of arguments: there is no list of names
  { many: ["first"] },
  // @ts-expect-error an empty name
  { multiply: ["", "b"] },
  // @ts-expect-error not a list
  { multiply: "a" },
];

export type Untyped = All<[Equal<ParameterNames<any>, { readonly [name: string]: readonly string[] }>]>;
