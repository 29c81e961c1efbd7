// What can be assigned to what: that classes have callRemote must not stand in the way.

import { Referenceable, Root } from "../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { Callable, PendingReference, Received, Sendable } from "../../src/types.ts";
import type { Accepts, All, Equal } from "./assert.ts";
import * as other from "./other-copy.ts";
import { type Adder, type BigTwo, type Listener, type One, type PythonServer, Two } from "./shop.ts";

type Refuses<To, From> = Accepts<To, From> extends true ? false : true;

export type Classes = All<
  [
    Accepts<Referenceable, Two>,
    Accepts<Referenceable, One>,
    Accepts<Root, One>,
    Accepts<Two, BigTwo>,
    Accepts<Referenceable[], (One | Two)[]>,
    Accepts<Map<string, Referenceable>, Map<string, BigTwo>>,
    Refuses<BigTwo, Two>,
    Refuses<Root, Two>,
    Refuses<Two, Listener>,
    Refuses<Two, { remote_three(n: number): number }>,
  ]
>;

export type References = All<
  [
    Accepts<RemoteReference<Two>, RemoteReference<BigTwo>>,
    Accepts<RemoteReference<Referenceable>, RemoteReference<Two>>,
    Accepts<RemoteReference<unknown>, RemoteReference<Two>>,
    Accepts<RemoteReference, RemoteReference<Two>>,
    Accepts<RemoteReference<Two>, RemoteReference>,
    Accepts<RemoteReference<Adder>, RemoteReference<PythonServer>>,
    Accepts<RemoteReference<{ remote_three(n: number): number }>, RemoteReference<Two>>,
    Accepts<RemoteReference[], (RemoteReference<One> | RemoteReference<Two>)[]>,
    Refuses<RemoteReference<BigTwo>, RemoteReference<Two>>,
    Refuses<RemoteReference<Two>, RemoteReference<One>>,
    Refuses<RemoteReference<Two>, RemoteReference<unknown>>,
    Refuses<RemoteReference<Two>, Two>,
    Refuses<Two, RemoteReference<Two>>,
  ]
>;

export type Callables = All<
  [
    Accepts<Callable<Two>, Two>,
    Accepts<Callable<Two>, BigTwo>,
    Accepts<Callable<Two>, RemoteReference<Two>>,
    Accepts<Callable<Two>, RemoteReference<BigTwo>>,
    Accepts<Callable<Two>, Two | RemoteReference<Two>>,
    Accepts<Callable<Two>, Callable<BigTwo>>,
    Refuses<Callable<Two>, Callable<One>>,
    Refuses<Callable<Two>, RemoteReference<One>>,
  ]
>;

// Methods whose types are inferred may pass `this` on, also as something more general.
declare function register(object: Referenceable): void;
class Chat extends Root {
  readonly members: Referenceable[] = [];
  remote_join() {
    register(this);
    register(new Chat());
    this.members.push(this);
    return this;
  }
  remote_two() {
    register(new Two());
    return new Two();
  }
  async remote_relay(chat: RemoteReference<Chat>) {
    await (this as Chat).callRemote("two"); // A known limit: `this` alone has no names yet, it may be a subclass.
    return (await chat.callRemote("two").callRemote("three", 1)).toFixed();
  }
}
export async function relayed(chat: RemoteReference<Chat>) {
  const text: string = await chat.callRemote("relay", new Chat());
  return text;
}

// An interface describes the same for both sides.
class Calculator extends Referenceable implements Adder {
  remote_add(a: number, b: number): number {
    return a + b;
  }
}
export const described: RemoteReference<Adder> = {} as RemoteReference<Calculator>;

// A class made with another copy of the package is recognised by its brand.
class Theirs extends other.Referenceable {
  remote_two(): Two {
    return new Two();
  }
  remote_self(): Theirs {
    return this;
  }
  remote_reference(): other.RemoteReference<Two> {
    return new other.RemoteReference();
  }
  remote_take(_two: Two | other.RemoteReference<Two>, _theirs: other.RemoteReference<Theirs>): void {}
}
export type OtherCopy = All<
  [
    Equal<Received<Theirs>, RemoteReference<Theirs>>,
    Equal<Received<other.RemoteReference<Two>>, RemoteReference<Two>>,
    Equal<Sendable<other.RemoteReference<Two>>, RemoteReference<Two> | Two | PendingReference<Two>>,
  ]
>;
export async function aServerWithAnotherCopy(theirs: RemoteReference<Theirs>, two: RemoteReference<Two>) {
  const n: number = await theirs.callRemote("self").callRemote("two").callRemote("three", 1);
  const m: number = await theirs.callRemote("reference").callRemote("three", n);
  await theirs.callRemote("take", two, theirs);
  await theirs.callRemote("take", new Two(), new Theirs());
  return m;
}
