// Values there and back: an echo must be equal to the last type, and structure must stay structure.
import {
  Decimal,
  Duration,
  Float,
  FrozenSet,
  kw,
  PlainDate,
  PlainDateTime,
  PlainTime,
  Referenceable,
  Tuple,
  tuple,
} from "perspective-broker";
import { Point } from "../wire-copies.ts";
import { equal, holds, same, shown } from "./checks.ts";
import { type Peer, type Scenario, scenario } from "./scenario.ts";

const LARGEST_STRING = 640 * 1024;

export const values: readonly Scenario[] = [
  scenario("echo_str", "texts: empty, ascii, umlauts, beyond the BMP, words of the pb vocabulary", (peer) =>
    echoAll(peer, ["", "hello network", "grüß", "\u{1f96a}", "list", "None", "remote"]),
  ),

  scenario("echo_bytes", "byte strings: empty, all 256 values, vocabulary words", (peer) =>
    echoAll(peer, [
      bytes(""),
      bytes("hello"),
      Uint8Array.from({ length: 256 }, (_, i) => i),
      bytes("message"),
      bytes("uncache"),
    ]),
  ),

  scenario("echo_int", "integers of every encoding, up to plus and minus 2**448-1", async (peer) => {
    const small = [0, 1, 127, 128, 16383, 16384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
    const big = [2n ** 53n, 2n ** 63n, 2n ** 64n, 2n ** 447n, 2n ** 448n - 1n];
    await echoAll(peer, [...small, ...big]);
    await echoAll(peer, [...small.filter((n) => n > 0).map((n) => -n), -(2 ** 31) - 1, ...big.map((n) => -n)]);
    const root = await peer.root();
    equal(await root.callRemote("echo", 5n), 5, "a small bigint");
  }),

  scenario("echo_float", "floats, and that 1.0 stays a float", async (peer) => {
    const integral = [new Float(0), new Float(1), new Float(-3)];
    await echoAll(peer, [...integral, 1.5, -2.25, 1e300, 5e-324, -0]);
    await echoAll(peer, [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
    const root = await peer.root({ floats: "number" });
    equal(await root.callRemote("echo", new Float(1)), 1, "a float received as number");
  }),

  scenario("echo_none", "None", async (peer) => {
    await echoAll(peer, [null]);
    const root = await peer.root();
    equal(await root.callRemote("echo", [undefined]), [null], "undefined in a list");
  }),

  scenario("echo_bool", "True and False stay booleans", (peer) => echoAll(peer, [true, false])),

  scenario("echo_list", "lists", (peer) => echoAll(peer, [[], [1, 2, 3], ["a", bytes("b"), null, true, 1.5]])),

  scenario("echo_tuple", "tuples stay tuples", (peer) =>
    echoAll(peer, [tuple(), tuple(1), tuple(1, "two", bytes("three"))]),
  ),

  scenario("echo_dict", "dictionaries with keys of several types; order kept", async (peer) => {
    const mixed = new Map<unknown, unknown>([
      ["a", 1],
      [bytes("b"), 2],
      [3, "c"],
      [tuple(4, 5), [6]],
      [null, null],
    ]);
    await echoAll(peer, [{}, mixed, new Map([[1, 1]])]);
    const root = await peer.root();
    equal(Object.keys(await root.callRemote("echo", { z: 1, a: 2, m: 3 })), ["z", "a", "m"], "order");
    equal([...(await root.callRemote("echo", mixed)).values()], [1, 2, "c", [6], null], "order of a Map");
    const maps = await peer.root({ dicts: "map" });
    const numbered = new Map([
      ["2", "b"],
      ["1", "a"],
    ]);
    equal([...(await maps.callRemote("echo", numbered))], [...numbered], "order of keys that look like integers");
  }),

  scenario("echo_set", "set and frozenset", (peer) =>
    echoAll(peer, [new Set(), new Set([1, 2, 3]), new FrozenSet(), new FrozenSet([1, 2])]),
  ),

  scenario("echo_nested", "deep nesting", async (peer) => {
    await echoAll(peer, [{ a: [1, tuple(2, { b: [bytes("c"), { d: null }] })], e: { f: { g: tuple() } } }]);
    let deep: unknown[] = [];
    for (let i = 0; i < 100; i++) deep = [deep];
    await echoAll(peer, [deep]);
  }),

  scenario("echo_shared", "the same list twice in one argument stays one list", async (peer) => {
    const root = await peer.root();
    const a = [1];
    const got = await root.callRemote("echo", [a, a, { k: a }]);
    equal(got, [[1], [1], { k: [1] }]);
    same(got[1], got[0], "identity on the way back");
    same(got[2].k, got[0], "identity inside of a dictionary");
    equal(await root.callRemote("same", a, a), true, "same(a, a)");
    equal(await root.callRemote("same", [1], [1]), false, "same([1], [1])");
    const made = await root.callRemote("makeShared");
    equal(made, [["a"], { k: ["a"] }, { k: ["a"] }, ["a"]]);
    same(made[2], made[1], "makeShared: the dictionary");
    same(made[3], made[0], "makeShared: the list");
    same(made[1].k, made[0], "makeShared: the list in the dictionary");
  }),

  scenario("echo_circular", "a list that contains itself, a dictionary, a tuple in a cycle", async (peer) => {
    const root = await peer.root();
    const list: unknown[] = [];
    list.push(list);
    const gotList = await root.callRemote("echo", list);
    equal(gotList.length, 1, "length of the list");
    same(gotList[0], gotList, "a list that contains itself");
    equal(await root.callRemote("selfContaining", list), true, "selfContaining");
    equal(await root.callRemote("selfContaining", [[]]), false, "selfContaining([[]])");
    const dictionary: Record<string, unknown> = {};
    dictionary.me = dictionary;
    const gotDictionary = await root.callRemote("echo", dictionary);
    same(gotDictionary.me, gotDictionary, "a dictionary that contains itself");
    const inner: unknown[] = [];
    const outer = tuple(inner);
    inner.push(outer);
    const gotTuple = await root.callRemote("echo", outer);
    holds(gotTuple instanceof Tuple, `a tuple was wanted, got ${shown(gotTuple)}`);
    same(gotTuple[0][0], gotTuple, "a tuple in a cycle");
    const made = await root.callRemote("makeCircular");
    equal([made.length, made[0]], [2, 1], "makeCircular");
    same(made[1], made, "makeCircular contains itself");
  }),

  scenario("echo_time", "datetime, date, time, timedelta, Decimal", async (peer) => {
    await echoAll(peer, [
      new PlainDateTime(2020, 7, 11, 1, 16, 5, 0, 344),
      new PlainDateTime(1, 1, 1),
      new PlainDate(1999, 12, 31),
      new PlainTime(23, 59, 59, 999, 999),
      new Duration(-1, 5, 7),
      Decimal.from("9.95"),
      Decimal.from("9.50"),
      Decimal.from("-78.901"),
      Decimal.from("1E+20"),
      new Decimal(0n),
    ]);
    const moment = new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 789));
    const root = await peer.root();
    equal(await root.callRemote("echo", moment), PlainDateTime.fromDate(moment), "a Date");
    const dates = await peer.root({ dates: "date" });
    equal(await dates.callRemote("echo", moment), moment, "a Date received as Date");
  }),

  scenario("kinds", "the receiver sees the types that were sent", async (peer) => {
    const root = await peer.root();
    const kinds: readonly (readonly [unknown, string])[] = [
      ["s", "str"],
      [bytes("s"), "bytes"],
      [1, "int"],
      [2n ** 100n, "int"],
      [new Float(1), "float"],
      [1.5, "float"],
      [true, "bool"],
      [null, "NoneType"],
      [[], "list"],
      [tuple(), "tuple"],
      [{}, "dict"],
      [new Map([[1, 2]]), "dict"],
      [new Set(), "set"],
      [new FrozenSet(), "frozenset"],
      [new Decimal(1n), "Decimal"],
      [new PlainDateTime(2000, 1, 1), "datetime"],
      [new PlainDate(2000, 1, 1), "date"],
      [new PlainTime(1, 2), "time"],
      [new Duration(1), "timedelta"],
      [new Point(1, 2), "Point"],
      [new (class extends Referenceable {})(), "RemoteReference"],
    ];
    for (const [value, kind] of kinds) equal(await root.callRemote("kind", value), kind, `kind of ${shown(value)}`);
  }),

  scenario("big_bytes", "byte strings at the limit of 640 * 1024", async (peer) => {
    const root = await peer.root();
    equal(await root.callRemote("bigBytes", LARGEST_STRING), filled("x"), "bigBytes");
    equal(await root.callRemote("echo", filled("y")), filled("y"), "echo");
  }),

  scenario("kwargs", "positional and keyword arguments", async (peer) => {
    const root = await peer.root();
    const named = { three: 3, name: "Bob", fünf: 5 };
    equal(await root.callRemote("echoKw", 1, "two", kw(named)), tuple(tuple(1, "two"), named));
    equal(await root.callRemote("echoKw"), tuple(tuple(), {}), "no arguments at all");
    equal(await root.callRemote("add", kw({ a: 40, b: 2 })), 42, "add by keyword");
    equal(await root.callRemote("add", 40, kw({ b: 2 })), 42, "add by position and keyword");
  }),
];

async function echoAll(peer: Peer, all: readonly unknown[]): Promise<void> {
  const root = await peer.root();
  for (const value of all) equal(await root.callRemote("echo", value), value, `echo of ${shown(value)}`);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function filled(letter: string): Uint8Array {
  return new Uint8Array(LARGEST_STRING).fill(letter.charCodeAt(0));
}
