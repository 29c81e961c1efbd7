// callRemote, callRemoteOnly and `remote`: every kind of method, and everything that is refused.

import { Referenceable } from "../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { MethodName, PendingUntyped, RemoteMethods, RemoteStream } from "../../src/types.ts";
import { Float } from "../../src/values/float.ts";
import type { All, Equal } from "./assert.ts";
import { BigTwo, Listener, One, type PythonServer, Two } from "./shop.ts";

declare const one: RemoteReference<One>;
declare const two: RemoteReference<Two>;
declare const python: RemoteReference<PythonServer>;
declare const untyped: RemoteReference;
declare const unknown: RemoteReference<unknown>;

/** `value` has exactly the type T. */
declare function is<T>(): <V>(value: V, ...exactly: Equal<V, T> extends true ? [] : [never]) => void;

export async function theMainJob() {
  is<RemoteReference<Two>>()(await one.callRemote("getTwo"));
  is<number>()(await two.callRemote("three", 12));
  is<number>()(await one.callRemote("getTwo").callRemote("three", 12));
  is<boolean>()(await one.callRemote("checkTwo", two));
  is<boolean>()(await one.callRemote("checkTwo", new Two()));
  is<void>()(await one.callRemote("subscribe", new Listener()));
  is<Promise<RemoteReference<Two> | undefined>>()(one.callRemote("findTwo", "two"));
  is<number | undefined>()(await (await one.callRemote("findTwo", "two"))?.callRemote("three", 12));
  is<void>()(two.callRemoteOnly("three", 12));
  is<void>()(one.callRemote("getTwo").callRemoteOnly("three", 12));
  is<number>()(await two.remote.three(12));
  is<number>()(await one.remote.getTwo().callRemote("three", 12));
  is<number>()(await two.with({ timeout: 500, signal: AbortSignal.timeout(1) }).callRemote("three", 12));
  const [a, b] = await Promise.all([two.callRemote("three", 1), one.callRemote("getTwo")]);
  is<number>()(a);
  is<RemoteReference<Two>>()(b);
}

class Kinds extends Referenceable {
  remote_field = 1;
  remote_sync(a: number, b?: string): string {
    return `${a}${b}`;
  }
  async remote_async(): Promise<Two[]> {
    return [];
  }
  remote_void(): void {}
  async remote_asyncVoid(): Promise<void> {}
  *remote_generator(): Generator<Two> {}
  async *remote_asyncGenerator(_from: number): AsyncGenerator<{ line: string; by: Two }> {}
  async remote_laterStream(): Promise<AsyncIterable<number>> {
    return this.remote_asyncGenerator(0) as never;
  }
  remote_this(): this {
    return this;
  }
  remote_fails(): never {
    throw new Error();
  }
  remote_any(): any {}
  remote_unknown(x: unknown): unknown {
    return x;
  }
  remote_sum(...numbers: number[]): number {
    return numbers.length;
  }
  remote_options(options: { color: "red" | "green"; sizes?: number[] }): string {
    return options.color;
  }
  remote_overloaded(x: number): number;
  remote_overloaded(x: string): string;
  remote_overloaded(x: any): any {
    return x;
  }
  remote_generic<T>(x: T): T[] {
    return [x];
  }
  remote_takesFunction(f: () => void): void {
    f();
  }
  remote_maybe(): Two | null {
    return null;
  }
  // What is not offered.
  private remote_private() {}
  protected remote_protected() {}
  static remote_static() {}
  get remote_getter() {
    return 1;
  }
  #remote_hidden() {}
  helper() {
    this.remote_private();
    this.#remote_hidden();
  }
  perspective_other() {}
}

class Box<T> extends Referenceable {
  remote_get(): T {
    return undefined as T;
  }
}

declare const kinds: RemoteReference<Kinds>;

export async function everyKindOfMethod() {
  is<string>()(await kinds.callRemote("sync", 1));
  is<string>()(await kinds.callRemote("sync", new Float(1), "b"));
  is<RemoteReference<Two>[]>()(await kinds.callRemote("async"));
  is<void>()(await kinds.callRemote("void"));
  is<void>()(await kinds.callRemote("asyncVoid"));
  is<RemoteReference<Kinds>>()(await kinds.callRemote("this"));
  is<string>()(await kinds.callRemote("this").callRemote("this").callRemote("sync", 1));
  is<Promise<never>>()(kinds.callRemote("fails"));
  is<any>()(await kinds.callRemote("any"));
  is<any>()(await kinds.callRemote("any").callRemote("whatever", 1));
  is<unknown>()(await kinds.callRemote("unknown", { a: 1 }));
  is<number>()(await kinds.callRemote("sum"));
  is<number>()(await kinds.callRemote("sum", 1, new Float(2), 3));
  is<string>()(await kinds.callRemote("options", { color: "red", sizes: [1, new Float(2)] }));
  is<RemoteReference<Two> | null>()(await kinds.callRemote("maybe"));
  // Known limits: the last overload alone, and a generic method's parameter as unknown.
  is<string>()(await kinds.callRemote("overloaded", "x"));
  is<unknown[]>()(await kinds.callRemote("generic", 1));
  // Generic classes are no limit.
  const box = {} as RemoteReference<Box<Box<Two>>>;
  is<RemoteReference<Two>>()(await box.callRemote("get").callRemote("get"));
}

export async function streams() {
  is<RemoteStream<RemoteReference<Two>>>()(kinds.callRemote("generator"));
  for await (const { line, by } of kinds.callRemote("asyncGenerator", 0)) {
    is<string>()(line);
    is<number>()(await by.callRemote("three", 1));
  }
  for await (const n of await kinds.callRemote("laterStream")) is<number>()(n);
  await using stream = kinds.callRemote("generator");
  is<RemoteStream<RemoteReference<Two>>>()(stream);
}

// A method may have any name; under `remote` those that would make it look like something else are left out.
interface Odd {
  remote_then(done: string): number;
  remote_toJSON(): string;
  remote_constructor(): string;
}
export async function oddNames(odd: RemoteReference<Odd>) {
  is<number>()(await odd.callRemote("then", "done"));
  is<string>()(await odd.remote.constructor());
  is<keyof typeof odd.remote>()("constructor" as const);
  // @ts-expect-error await would take it for a promise
  odd.remote.then("done");
}

export type Offered = All<
  [
    Equal<MethodName<One>, "getTwo" | "checkTwo" | "findTwo" | "subscribe">,
    Equal<MethodName<PythonServer>, "add" | "getAdder" | "watch" | "later">,
    Equal<Extract<MethodName<Kinds>, "field" | "getter" | "private" | "protected" | "static" | "hidden">, never>,
    Equal<Extract<MethodName<Kinds>, "helper" | "perspective_other" | "other" | "callRemote">, never>,
    Equal<RemoteMethods<Two>, { three: (n: number) => number }>,
    Equal<MethodName<any>, string>,
    Equal<MethodName<unknown>, never>,
    Equal<MethodName<never>, never>,
    Equal<MethodName<Referenceable>, never>,
  ]
>;

export function refused() {
  // @ts-expect-error without the prefix it is not remote
  kinds.callRemote("helper");
  // @ts-expect-error the prefix is not part of the name
  two.callRemote("remote_three", 1);
  // @ts-expect-error another prefix
  kinds.callRemote("perspective_other");
  // @ts-expect-error private
  kinds.callRemote("private");
  // @ts-expect-error protected
  kinds.callRemote("protected");
  // @ts-expect-error static
  kinds.callRemote("static");
  // @ts-expect-error #private
  kinds.callRemote("hidden");
  // @ts-expect-error a getter is no method
  kinds.callRemote("getter");
  // @ts-expect-error nor is a field
  kinds.callRemote("field");
  // @ts-expect-error inherited from Object
  two.callRemote("constructor");
  // @ts-expect-error misspelt
  two.callRemote("thre", 1);
  // @ts-expect-error misspelt
  two.callRemoteOnly("thre", 1);
  // @ts-expect-error misspelt
  two.remote.thre(1);
  // @ts-expect-error a missing argument
  two.callRemote("three");
  // @ts-expect-error a missing argument
  two.callRemoteOnly("three");
  // @ts-expect-error a missing argument
  two.remote.three();
  // @ts-expect-error an argument too many
  two.callRemote("three", 1, 2);
  // @ts-expect-error an argument too many
  one.callRemote("getTwo", 1);
  // @ts-expect-error a wrong argument
  two.callRemote("three", "1");
  // @ts-expect-error a wrong argument
  two.callRemoteOnly("three", "1");
  // @ts-expect-error a wrong argument
  two.remote.three("1");
  // @ts-expect-error a wrong argument after the first
  kinds.callRemote("sync", 1, 2);
  // @ts-expect-error a wrong argument among many
  kinds.callRemote("sum", 1, "2", 3);
  // @ts-expect-error null where a number is declared
  two.callRemote("three", null);
  // @ts-expect-error a wrong value in an object
  kinds.callRemote("options", { color: "blue" });
  // @ts-expect-error a misspelt property
  kinds.callRemote("options", { color: "red", size: [1] });
  // @ts-expect-error functions are not values
  kinds.callRemote("takesFunction", () => {});
  // @ts-expect-error an object of the wrong class
  one.callRemote("checkTwo", new Listener());
  // @ts-expect-error a reference to one of the wrong class
  one.callRemote("checkTwo", one);
  // @ts-expect-error not a referenceable object
  one.callRemote("subscribe", { remote_heard() {} });
  // @ts-expect-error a number cannot be called
  two.callRemote("three", 1).callRemote("three", 1);
  // @ts-expect-error nor through `remote`
  two.remote.three(1).callRemote("three", 1);
  // @ts-expect-error undefined perhaps: await it first
  one.callRemote("findTwo", "two").callRemote("three", 1);
  // @ts-expect-error a name that the promised reference does not have
  one.callRemote("getTwo").callRemote("four", 1);
  // @ts-expect-error what is not known has no names
  unknown.callRemote("three");
}

export async function withoutAType() {
  is<any>()(await untyped.callRemote("anything", 1, "two", [3], new Two()));
  is<any>()(await untyped.callRemote("anything").callRemote("more").callRemote("still", 1));
  is<void>()(untyped.callRemoteOnly("anything", 1));
  is<PendingUntyped>()(untyped.callRemote("x"));
  untyped.callRemote("x").then((answer) => answer.whatever);
  await untyped.remote.anything(1).then((answer: unknown) => answer);
  const name: string = "computed";
  await untyped.callRemote(name, ...[1, 2, 3]);
}

export async function aServerInPython() {
  is<number>()(await python.callRemote("add", 1, 2));
  is<number>()(await python.callRemote("getAdder").callRemote("add", 1, new Float(2)));
  is<void>()(await python.callRemote("later", new Date()));
  await python.callRemote(
    "watch",
    new (class extends Referenceable {
      remote_changed(_key: string) {}
    })(),
  );
  // @ts-expect-error a missing argument
  python.callRemote("add", 1);
  // @ts-expect-error one's own object lacks the method
  python.callRemote("watch", new Two());
}

export async function localOrRemote(x: Two | RemoteReference<Two>, y: Two) {
  is<number>()(await x.callRemote("three", 1));
  is<number>()(await y.callRemote("three", 1));
  is<number>()(await x.with({ timeout: 1 }).callRemote("three", 1));
  is<void>()(x.callRemoteOnly("three", 1));
  is<RemoteReference<Two>>()(await new One().callRemote("getTwo"));
  is<number>()(await new BigTwo().callRemote("three", 1));
  is<string>()(await new BigTwo().callRemote("four", "x"));
  // @ts-expect-error misspelt
  x.callRemote("thre", 1);
  // @ts-expect-error a wrong argument
  x.callRemote("three", "1");
  // @ts-expect-error misspelt
  y.callRemote("thre", 1);
}

// Arguments kept elsewhere, and a name that is one of several.
export function spreadAndUnions(name: "a" | "b", list: [number]) {
  class AB extends Referenceable {
    remote_a(n: number) {
      return n;
    }
    remote_b(n: number) {
      return String(n);
    }
  }
  const ab = {} as RemoteReference<AB>;
  is<number>()(0 as Awaited<ReturnType<typeof two.remote.three>>);
  two.callRemote("three", ...list);
  return ab.callRemote(name, 1);
}
