// The object that the server hands out.
import { type ParameterNames, type Tuple, tuple } from "perspective-broker";
import { Borrower } from "./borrower.ts";

export class Two extends Borrower {
  static readonly parameters: ParameterNames<Two> = { three: ["arg"], me: [] };

  remote_three(arg: unknown): Tuple<[string, unknown]> {
    return tuple("three", arg);
  }

  remote_me(): Two {
    return this;
  }
}
