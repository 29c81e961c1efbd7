import { inspect } from "node:util";
import { describe, expect, expectTypeOf, it } from "vitest";
import { FrozenSet, fillFrozenSet } from "../src/values/frozen-set.ts";
import { Keywords, kw } from "../src/values/keywords.ts";
import { Tuple, tuple } from "../src/values/tuple.ts";
import { Unpersistable } from "../src/values/unpersistable.ts";

describe("a tuple", () => {
  it("is an array of its items, one number included", () => {
    const five = tuple(5);
    expect(five).toHaveLength(1);
    expect(five[0]).toBe(5);
    expect([...new Tuple(3)]).toEqual([3]);
    expect([...tuple()]).toEqual([]);
    expect([...tuple("a", undefined, [])]).toEqual(["a", undefined, []]);
    expect(Array.isArray(five)).toBe(true);
    expect(five).toBeInstanceOf(Tuple);
    expect(JSON.stringify(tuple(1, "a"))).toBe('[1,"a"]');
  });

  it("is made from what can be iterated", () => {
    for (const made of [Tuple.from([7]), Tuple.of(7), Tuple.from({ length: 1, 0: 7 })]) {
      expect(made).toBeInstanceOf(Tuple);
      expect([...made]).toEqual([7]);
    }
    expect(Tuple.from([])).toHaveLength(0);
  });

  it("derives plain arrays", () => {
    const pair = tuple(1, 2);
    for (const derived of [pair.map((n) => n), pair.slice(), pair.filter(Boolean), pair.concat([]), pair.toArray()]) {
      expect(derived).not.toBeInstanceOf(Tuple);
      expect(derived).toEqual([1, 2]);
    }
  });

  it("can be filled by whoever builds it", () => {
    const loop = new Tuple();
    loop.push(loop);
    expect(loop[0]).toBe(loop);
    expect(loop).toHaveLength(1);
  });

  it("is typed by position", () => {
    const pair: Tuple<[string, number]> = tuple("a", 1);
    const [name, count] = pair;
    expectTypeOf(name).toEqualTypeOf<string>();
    expectTypeOf(count).toEqualTypeOf<number>();
    expectTypeOf(pair[1].toFixed()).toEqualTypeOf<string>();
    expectTypeOf(pair).toExtend<[string, number]>();
    expectTypeOf(pair).toExtend<Tuple>();
    expectTypeOf<[string, number]>().not.toExtend<Tuple>();
    type Items<V> = V extends Tuple<infer T> ? T : never;
    expectTypeOf<Items<typeof pair>>().toEqualTypeOf<[string, number]>();
    const unknown: unknown = pair;
    if (unknown instanceof Tuple) expectTypeOf(unknown[0]).toEqualTypeOf<unknown>();
    expect(inspect(pair)).toBe("Tuple(2) [ 'a', 1 ]");
  });
});

describe("a FrozenSet", () => {
  it("is a set of what it was made of", () => {
    const set = new FrozenSet([1, 2, 2]);
    expect([...set]).toEqual([1, 2]);
    expect(set.has(2)).toBe(true);
    expect(set).toBeInstanceOf(Set);
    expect(new FrozenSet().size).toBe(0);
    expect(new FrozenSet(null).size).toBe(0);
    expect(inspect(set)).toMatch(/^FrozenSet\(2\) (\[Set\] )?\{ 1, 2 \}$/); // Node 22 leaves the base out
  });

  it("refuses to change", () => {
    const set: Set<number> = new FrozenSet([1]);
    expect(() => set.add(2)).toThrow(TypeError);
    expect(() => set.add(1)).toThrow(TypeError);
    expect(() => set.delete(1)).toThrow(TypeError);
    expect(() => set.clear()).toThrow(TypeError);
    expect([...set]).toEqual([1]);
  });

  it("can hold what refers back to it, when a decoder builds it", () => {
    const set = new FrozenSet<unknown>();
    fillFrozenSet(set, tuple(set));
    expect([...(set as FrozenSet<Tuple>)][0]![0]).toBe(set);
  });
});

describe("keywords", () => {
  it("are names and values in the order given", () => {
    const keywords = kw({ b: 2, a: "x" });
    expect(keywords.size).toBe(2);
    expect(keywords.names).toEqual(["b", "a"]);
    expect(keywords.get("b")).toBe(2);
    expect(keywords.has("a")).toBe(true);
    expect(keywords.has("c")).toBe(false);
    expect([...keywords]).toEqual([
      ["b", 2],
      ["a", "x"],
    ]);
    expect([...keywords.entries()]).toEqual([...keywords]);
    expect(keywords.toObject()).toEqual({ b: 2, a: "x" });
    expect(inspect(keywords)).toBe("Keywords { b: 2, a: 'x' }");
    expectTypeOf(keywords.get("b")).toEqualTypeOf<number | undefined>();
    expectTypeOf(keywords).toExtend<Keywords>();
    expectTypeOf(keywords).toExtend<Keywords<{ b: number }>>();
    expectTypeOf(keywords).not.toExtend<Keywords<{ b: string }>>();
    const received: Keywords = keywords;
    expectTypeOf(received.get("c")).toEqualTypeOf<unknown>();
  });

  it("take any name from the wire, and leak none from Object", () => {
    const keywords = Keywords.fromEntries([
      ["__proto__", { evil: true }],
      ["constructor", 1],
    ]);
    expect(keywords.get("__proto__")).toEqual({ evil: true });
    expect(keywords.has("toString")).toBe(false);
    expect(keywords.get("toString")).toBeUndefined();
    const object = keywords.toObject();
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
    expect((object as any).evil).toBeUndefined();
    expect([...kw(JSON.parse('{ "__proto__": 1 }')).names]).toEqual(["__proto__"]);
  });

  it("leave out what is undefined, and keep null", () => {
    expect(kw({ a: undefined, b: null }).names).toEqual(["b"]);
    expect(Keywords.fromEntries([["a", undefined]]).size).toBe(0);
  });

  it("are given as an object", () => {
    for (const wrong of [null, undefined, 1, "a", [1]]) expect(() => kw(wrong as never)).toThrow(TypeError);
  });
});

describe("an Unpersistable", () => {
  it("says why there is no value", () => {
    const nothing = new Unpersistable("no such thing");
    expect(nothing.reason).toBe("no such thing");
    expect(`${nothing}`).toBe("Unpersistable: no such thing");
    expect(inspect(nothing)).toBe('Unpersistable("no such thing")');
  });
});
