// A program of the size that the budget is for: three classes that call each other, an interface of 200 methods, calls and
// values 20 deep. Fixed: whoever changes it records a new figure (see budget.json).

import { Referenceable } from "../../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../../src/references/remote-reference.ts";
import type { Received, Sendable } from "../../../src/types.ts";
import { Float } from "../../../src/values/float.ts";
import { kw } from "../../../src/values/keywords.ts";

interface Account {
  id: string;
  balance: number;
  history: { at: Date; amount: number; by?: Customer }[];
  byName: Map<string, Customer>;
}

class Customer extends Referenceable {
  remote_name() {
    return "name";
  }
  remote_notify(text: string, urgent = false) {
    return text.length > 0 && urgent;
  }
}

class Bank extends Referenceable {
  readonly #customers: Customer[] = [];
  remote_customers() {
    return this.#customers;
  }
  async remote_account(_customer: Customer | RemoteReference<Customer>): Promise<Account> {
    return { id: "", balance: 0, history: [], byName: new Map() };
  }
  remote_transfer(_from: Account, _to: Account, _amount: number): [Account, Account] | undefined {
    return undefined;
  }
  remote_subscribe(_customer: RemoteReference<Customer>) {}
}

class Directory extends Referenceable {
  remote_bank(_name: string) {
    return new Bank();
  }
  remote_banks() {
    return new Map<string, Bank>();
  }
}

export async function threeClasses(directory: RemoteReference<Directory>) {
  const bank = await directory.callRemote("bank", "first");
  const [customer] = await bank.callRemote("customers");
  if (customer === undefined) return;
  const account = await bank.callRemote("account", customer);
  for (const { by } of account.history) await by?.callRemote("notify", "hello", true);
  await account.byName.get("x")?.callRemote("notify", kw({ text: "hello" }));
  await bank.callRemote("transfer", account, account, new Float(1));
  await bank.callRemote("subscribe", new Customer());
  bank.callRemoteOnly("subscribe", customer);
  for (const [name, other] of await directory.callRemote("banks")) {
    await other.remote.account(customer);
    await directory.callRemote("bank", name).callRemote("account", customer);
  }
}

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type Names = `remote_m${0 | 1}${Digit}${Digit}`;
interface Wide extends Record<Names, (account: Account, n: number) => Promise<Account>> {}

export async function wide(reference: RemoteReference<Wide>, account: Received<Account>) {
  const first = await reference.callRemote("m000", account, 1);
  const last = await reference.callRemote("m199", first, 2);
  return (await reference.remote.m100(last, 3)).balance;
}

interface Step<Path extends 0[]> {
  remote_next(): RemoteReference<Step<[...Path, 0]>>;
  remote_depth(): Path["length"];
}

export async function deepCalls(start: RemoteReference<Step<[]>>) {
  const ten = start
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next");
  const twenty = ten
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next")
    .callRemote("next");
  const depth: 20 = await twenty.callRemote("depth");
  return depth;
}

type Deep<Depth extends 0[] = []> = Depth["length"] extends 20
  ? { leaf: Customer; n: number }
  : { inner: Deep<[...Depth, 0]>; list: Deep<[...Depth, 0]>[] };
type Inner<T, Depth extends 0[] = []> = Depth["length"] extends 20
  ? T
  : T extends { readonly inner: infer U }
    ? Inner<U, [...Depth, 0]>
    : never;

export const deepReceived = (value: Inner<Received<Deep>>): RemoteReference<Customer> => value.leaf;
export const deepSendable: Inner<Sendable<Deep>> = { leaf: new Customer(), n: new Float(1) };
