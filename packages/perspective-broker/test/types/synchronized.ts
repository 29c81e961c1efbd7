// `static synchronized`, checked against the methods.

import { Avatar } from "../../src/flavors/avatar.ts";
import { Referenceable, Root } from "../../src/flavors/referenceable.ts";
import { Viewable } from "../../src/flavors/viewable.ts";
import type { SynchronizedMethods } from "../../src/types.ts";

class Account extends Referenceable {
  static readonly synchronized: SynchronizedMethods<Account> = ["deposit", "withdraw"];
  remote_deposit(amount: number): number {
    return amount;
  }
  remote_withdraw(amount: number): number {
    return amount;
  }
  helper(): void {}
}

/** For subclasses that add names. */
class Base extends Root {
  static readonly synchronized: readonly string[] = ["one"] satisfies SynchronizedMethods<Base>;
  remote_one(): void {}
}
export class Derived extends Base {
  static override readonly synchronized: readonly string[] = ["two", "one"] satisfies SynchronizedMethods<Derived>;
  remote_two(): void {}
}

export class All extends Root {
  static readonly synchronized = true;
}

export class Table extends Viewable {
  static readonly synchronized: SynchronizedMethods<Table> = ["sit"];
  view_sit(_from: unknown, name: string): string {
    return name;
  }
}

export class User extends Avatar {
  static readonly synchronized: SynchronizedMethods<User> = ["say"];
  perspective_say(text: string): string {
    return text;
  }
}

export const everything: SynchronizedMethods<Account> = true;
export const untyped: SynchronizedMethods<any> = ["whatever"];

export const refused: SynchronizedMethods<Account>[] = [
  // @ts-expect-error no such method
  ["close"],
  // @ts-expect-error the prefix is not part of the name
  ["remote_deposit"],
  // @ts-expect-error not a remote method
  ["helper"],
  // @ts-expect-error nothing is said by leaving it out
  false,
];
