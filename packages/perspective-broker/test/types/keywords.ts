// A trailing Keywords: after all arguments, or in place of the last few.

import { Referenceable } from "../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import { Float } from "../../src/values/float.ts";
import { Keywords, kw } from "../../src/values/keywords.ts";
import { Two } from "./shop.ts";

class Calculator extends Referenceable {
  remote_add(a: number, b: number, c?: string): string {
    return `${a + b}${c}`;
  }
  remote_none(): void {}
  remote_sum(first: string, ...rest: number[]): string {
    return first + rest.length;
  }
  remote_options(options: { color: "red" | "green" }, two: RemoteReference<Two>): void {
    two.callRemoteOnly("three", options.color.length);
  }
  remote_any(..._args: any[]): void {}
  remote_takesKeywords(_a: number, _keywords?: Keywords): void {}
}

declare const calculator: RemoteReference<Calculator>;
declare const untyped: RemoteReference;

export function accepted() {
  calculator.callRemote("add", kw({ a: 1, b: 2 }));
  calculator.callRemote("add", 1, kw({ b: 2 }));
  calculator.callRemote("add", 1, new Float(2), kw({ c: "x" }));
  calculator.callRemote("add", 1, 2, "x", kw({}));
  calculator.callRemote("add", 1, new Keywords({ b: 2 }));
  calculator.callRemote("none", kw({ verbose: true }));
  calculator.callRemote("sum", "x", 1, 2, kw({}));
  calculator.callRemote("sum", kw({ first: "x" }));
  calculator.callRemote("options", { color: "red" }, new Two(), kw({}));
  calculator.callRemote("options", { color: "red" }, kw({ two: new Two() }));
  calculator.callRemote("any", 1, "2", kw({}));
  calculator.callRemote("takesKeywords", 1);
  calculator.callRemote("takesKeywords", 1, kw({ b: 2 }));
  calculator.callRemoteOnly("add", 1, kw({ b: 2 }));
  calculator.remote.add(1, kw({ b: 2 })).then((text) => text.trim());
  calculator.callRemote("add", 1, kw({ b: 2 })).then((text) => text.trim());
  new Calculator().callRemote("add", 1, kw({ b: 2 }));
  untyped.callRemote("add", 1, kw({ b: 2 }));
  const list: [number, Keywords] = [1, kw({ b: 2 })];
  calculator.callRemote("add", ...list);
}

export function refused() {
  // @ts-expect-error keywords come last
  calculator.callRemote("add", kw({ a: 1 }), 2);
  // @ts-expect-error keywords come once
  calculator.callRemote("add", 1, kw({ b: 1 }), kw({ c: "x" }));
  // @ts-expect-error a wrong argument before them
  calculator.callRemote("add", "1", kw({ b: 2 }));
  // @ts-expect-error an argument too many before them
  calculator.callRemote("add", 1, 2, "x", 4, kw({}));
  // @ts-expect-error a wrong argument among many
  calculator.callRemote("sum", "x", "y", kw({}));
  // @ts-expect-error a wrong property before them
  calculator.callRemote("options", { color: "blue" }, kw({}));
  // @ts-expect-error a plain object is no Keywords
  calculator.callRemote("add", 1, { b: 2 });
  // @ts-expect-error a wrong argument before them, through `remote`
  calculator.remote.add("1", kw({ b: 2 }));
}
