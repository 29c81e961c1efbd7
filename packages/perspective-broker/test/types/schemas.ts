// `static schemas`, checked against the methods: with schemas that are nothing but their types, and with real ones of Zod.

import { z } from "zod";
import { Avatar } from "../../src/flavors/avatar.ts";
import { Referenceable } from "../../src/flavors/referenceable.ts";
import type { StandardSchemaV1 } from "../../src/flavors/standard-schema.ts";
import { Viewable } from "../../src/flavors/viewable.ts";
import { RemoteCache } from "../../src/references/remote-cache.ts";
import { RemoteReference } from "../../src/references/remote-reference.ts";
import type { ParameterNames, Schemas } from "../../src/types.ts";
import type { All, Equal } from "./assert.ts";

/** A schema that gives out a `T`, whatever it takes. */
declare function gives<T>(): StandardSchemaV1<unknown, T>;

const reference = z.custom<RemoteReference<Bank>>((value) => value instanceof RemoteReference);

interface Order {
  item: string;
  count: number;
  note?: string | undefined;
}

class Bank extends Referenceable {
  static readonly parameters: ParameterNames<Bank> = { add: ["a", "b?"] };
  static readonly schemas: Schemas<Bank> = {
    deposit: { args: [z.string(), z.number().positive()] },
    order: { args: [z.object({ item: z.string(), count: z.int(), note: z.string().optional() })] },
    add: { args: [z.number(), z.number().optional()] },
    add2: { args: [z.number(), z.number().default(1)] },
    many: { args: [z.string()], rest: z.coerce.number() },
    all: { args: [], rest: z.unknown() },
    maybe: { args: [z.number().optional()], rest: z.string() },
    none: { args: [] },
    watch: { args: [z.union([z.instanceof(Bank), reference])] },
    list: { args: [z.array(z.object({ item: z.string(), count: z.number() })).max(10)] },
    anything: { args: [z.unknown()] },
  };
  // Return types that are inferred, so that the compiler finds no circle.
  remote_deposit(account: string, amount: number) {
    return account.length + amount;
  }
  remote_order(order: Order) {
    return order;
  }
  remote_add(a: number, b = 1) {
    return a + b;
  }
  remote_add2(a: number, b?: number) {
    return a + (b ?? 0);
  }
  remote_many(first: string, ...rest: number[]) {
    return first + rest.length;
  }
  remote_all(...all: unknown[]) {
    return all;
  }
  remote_maybe(first?: number, ...rest: string[]) {
    return rest.length + (first ?? 0);
  }
  remote_none() {}
  remote_watch(bank: Bank | RemoteReference<Bank>) {
    return bank;
  }
  remote_list(orders: Order[]) {
    return orders;
  }
  remote_anything(value: any) {
    return value;
  }
  async remote_union(_value: string | number): Promise<void> {}
  private remote_hidden(a: number) {
    return a;
  }
  helper(a: number) {
    return this.remote_hidden(a);
  }
}

/** A subclass adds schemas of its own. */
class Branch extends Bank {
  static override readonly schemas: Schemas<Branch> = { open: { args: [z.boolean()] } };
  remote_open(open: boolean) {
    return open;
  }
}

/** The other way of saying it, which keeps the types of the schemas. */
export class Checked extends Referenceable {
  static readonly schemas = { deposit: { args: [z.string(), z.number()] } } satisfies Schemas<Checked>;
  remote_deposit(account: string, amount: number): string {
    return account + amount;
  }
}
type Kept = (typeof Checked.schemas.deposit.args)[1];

class User extends Avatar {
  static readonly schemas: Schemas<User> = { say: { args: [gives<string>()] } };
  perspective_say(text: string) {
    return text;
  }
}

class Room extends Viewable {
  static readonly schemas: Schemas<Room> = { say: { args: [gives<string>()] }, enter: { args: [] } };
  view_say(_from: User, text: string) {
    return text;
  }
  view_enter(_from: User) {}
}

class RemoteStock extends RemoteCache {
  static readonly schemas: Schemas<RemoteStock> = { price: { args: [gives<number>()] } };
  observe_price(_price: number) {}
}

export const inherited: Schemas<Branch> = { deposit: { args: [gives<string>(), gives<number>()] } };
export const notAll: Schemas<Bank> = {};
export const narrower: Schemas<Bank> = { union: { args: [gives<"a" | 1>()] } };
export const unchecked: Schemas<Bank> = { deposit: { args: [gives<any>(), gives<never>()] } };
export const transformed: Schemas<Bank> = { deposit: { args: [z.number().transform(String), z.coerce.number()] } };

export const refused: Schemas<Bank>[] = [
  // @ts-expect-error no such method
  { withdraw: { args: [gives<string>()] } },
  // @ts-expect-error the prefix is not part of the name
  { remote_none: { args: [] } },
  // @ts-expect-error not a remote method
  { helper: { args: [gives<number>()] } },
  // @ts-expect-error private
  { hidden: { args: [gives<number>()] } },
  // @ts-expect-error gives a text for a number
  { deposit: { args: [gives<string>(), gives<string>()] } },
  // @ts-expect-error the same, of Zod
  { deposit: { args: [z.string(), z.string()] } },
  // @ts-expect-error gives more than the method takes
  { deposit: { args: [gives<string | undefined>(), gives<number>()] } },
  // @ts-expect-error what may be anything is no text
  { deposit: { args: [z.unknown(), z.number()] } },
  // @ts-expect-error takes what the method takes, and gives something else
  { deposit: { args: [z.string().transform(Number), z.number()] } },
  // @ts-expect-error a property is missing
  { order: { args: [z.object({ item: z.string() })] } },
  // @ts-expect-error another class
  { watch: { args: [z.instanceof(User)] } },
  // @ts-expect-error too few
  { deposit: { args: [gives<string>()] } },
  // @ts-expect-error too many
  { deposit: { args: [gives<string>(), gives<number>(), gives<number>()] } },
  // @ts-expect-error an optional parameter has a schema, too
  { add: { args: [gives<number>()] } },
  // @ts-expect-error no parameters
  { none: { args: [gives<number>()] } },
  // @ts-expect-error any number of arguments: what is each?
  { many: { args: [gives<string>()] } },
  // @ts-expect-error the others are numbers
  { many: { args: [gives<string>()], rest: gives<string>() } },
  // @ts-expect-error a fixed number of arguments
  { deposit: { args: [gives<string>(), gives<number>()], rest: gives<number>() } },
  // @ts-expect-error no Standard Schema
  { deposit: { args: [String, Number] } },
  // @ts-expect-error not a list
  { deposit: { args: gives<string>() } },
  // @ts-expect-error the list has a name
  { deposit: [gives<string>(), gives<number>()] },
];

export const refusedView: Schemas<Room>[] = [
  // @ts-expect-error the avatar is not an argument
  { say: { args: [gives<User>(), gives<string>()] } },
];

export class Wrong extends Referenceable {
  // @ts-expect-error the annotation finds what is wrong at the class
  static readonly schemas: Schemas<Wrong> = { deposit: { args: [z.number()] } };
  remote_deposit(account: string) {
    return account;
  }
}

export type Tests = All<
  [
    Equal<Kept, z.ZodNumber>,
    Equal<keyof Schemas<User>, "say">,
    Equal<keyof Schemas<RemoteStock>, "price">,
    Equal<
      NonNullable<Schemas<Bank>["many"]>,
      {
        readonly args: readonly [StandardSchemaV1<unknown, string>];
        readonly rest: StandardSchemaV1<unknown, number>;
      }
    >,
    Equal<
      Schemas<any>,
      { readonly [name: string]: { readonly args: readonly StandardSchemaV1[]; readonly rest?: StandardSchemaV1 } }
    >,
  ]
>;
