// Values that can be sent, as fast-check makes them: every kind of leaf, and graphs of containers with any sharing and cycles.
import fc from "fast-check";
import {
  Decimal,
  Duration,
  Float,
  FrozenSet,
  PlainDate,
  PlainDateTime,
  PlainTime,
  Tuple,
  Unpersistable,
} from "../../../src/index.ts";
import { fillFrozenSet } from "../../../src/values/frozen-set.ts";
import { Real, type Sexp } from "./elements.ts";

const words = [
  "list",
  "None",
  "remote",
  "message",
  "dictionary",
  "unicode",
  "true",
  "",
  "__proto__",
  "constructor",
  "0",
  "17",
];

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(...words),
  fc.integer({ min: 0, max: 200 }).map((n) => "ü".repeat(n)),
);

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(...words).map((word) => new TextEncoder().encode(word)),
);

const double = fc.double().map((n) => (Number.isSafeInteger(n) && !Object.is(n, -0) ? new Float(n) : n));

const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, 127, 128, -127, -128, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1),
  fc
    .bigInt({ min: -(2n ** 448n) + 1n, max: 2n ** 448n - 1n })
    .map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
);

const calendar = fc.oneof(
  fc.tuple(year(), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 })).map((f) => new PlainDate(...f)),
  fc
    .tuple(year(), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 999 }))
    .map(([y, h, micro]) => new PlainDateTime(y, 7, 11, h, 1, 2, 3, micro)),
  fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([h, m]) => new PlainTime(h, m, 5, 6, 7)),
  fc.integer({ min: -1e9, max: 1e9 }).map((seconds) => Duration.from({ seconds, microseconds: 7 })),
);

function year(): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: 9999 });
}

/** A value that holds no other. */
export const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false),
  integer,
  double,
  text,
  bytes,
  calendar,
  fc.tuple(fc.bigInt(), fc.integer({ min: -50, max: 50 })).map(([n, exponent]) => new Decimal(n, exponent)),
  text.map((reason) => new Unpersistable(reason)),
);

/** A leaf that a Python dictionary can have as a key, and a Map of ours without confusing two of them. */
const key: fc.Arbitrary<unknown> = fc.oneof(
  integer,
  fc.constantFrom(null, true, false),
  text,
  fc.integer().map((n) => Tuple.of(n)),
  calendar,
);

interface Node {
  readonly kind: "list" | "tuple" | "set" | "frozenset" | "object" | "map";
  readonly members: readonly {
    readonly node: number;
    readonly leaf: unknown;
    readonly name: string;
    readonly key: unknown;
  }[];
}

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom("list", "tuple", "set", "frozenset", "object", "map"),
  // A third of the members are leaves, the others any node: the same again, an outer one, itself.
  members: fc.array(fc.record({ node: fc.integer({ min: -10, max: 19 }), leaf, name: text, key }), { maxLength: 6 }),
});

/** A graph of containers; the first one is its root. `leaves` puts further things into it. */
export function graph(leaves: fc.Arbitrary<unknown> = leaf): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.array(node, { minLength: 1, maxLength: 12 }), fc.array(leaves, { maxLength: 5 }))
    .map(([nodes, more]) => {
      const containers = nodes.map(({ kind }) => container(kind));
      for (const [i, { kind, members }] of nodes.entries()) {
        for (const member of members) {
          const { node: n } = member;
          const value =
            n < 0 ? (n < -5 && more.length > 0 ? more[-n % more.length] : member.leaf) : containers[n % nodes.length];
          put(kind, containers[i], member, value);
        }
        // A Map without any other key than texts comes back as an object.
        if (kind === "map") (containers[i] as Map<unknown, unknown>).set(i, null);
      }
      return containers[0];
    });
}

/** Any value that can be sent. */
export const sendable: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: leaf },
  { weight: 4, arbitrary: graph() },
);

function container(kind: Node["kind"]): unknown {
  switch (kind) {
    case "list":
      return [];
    case "tuple":
      return new Tuple();
    case "set":
      return new Set();
    case "frozenset":
      return new FrozenSet();
    case "object":
      return {};
    case "map":
      return new Map();
  }
}

function put(kind: Node["kind"], into: any, { name, key }: Node["members"][number], value: unknown): void {
  if (kind === "list" || kind === "tuple") into.push(value);
  else if (kind === "set") into.add(value);
  else if (kind === "frozenset") fillFrozenSet(into, value);
  else if (kind === "map") into.set(key, value);
  else Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true });
}

const atoms =
  "None boolean unicode list tuple dictionary set frozenset decimal datetime date time timedelta reference dereference " +
  "unpersistable persistent remote local cached lcache class function module method instance copy app.Thing pbpeer.Point pbpeerTagged " +
  "pbpeer.Made pbpeer.Stock pbpeer.News " +
  "twisted.spread.pb.CopyableFailure version message cachemessage answer error decref decache uncache didNotUnderstand";

const operand: fc.Arbitrary<Sexp> = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.constantFrom<Sexp>(
    "root",
    "echo",
    "getTwo",
    "isTwo",
    "getStock",
    "price",
    "true",
    "2020 7 11",
    "\xff",
    "x",
    "",
    2n ** 70n,
  ),
  fc.double().map((n) => new Real(n)),
);

/** Expressions that look like forms and messages, and are seldom right. */
export const expression: fc.Arbitrary<Sexp> = fc.letrec<{ form: Sexp; any: Sexp }>((tie) => ({
  any: fc.oneof({ depthSize: "small", withCrossShrink: true }, operand, tie("form")),
  form: fc
    .tuple(fc.constantFrom(...atoms.split(" ")), fc.array(tie("any"), { maxLength: 7 }))
    .map(([atom, operands]): Sexp => [atom, ...operands]),
})).form;

/** A form of a cache that may be right. */
const cache: fc.Arbitrary<Sexp> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.oneof(expression, fc.constant<Sexp>(["dictionary"])))
    .map(([id, state]): Sexp => ["pbpeer.Stock", id, state]),
  fc.tuple(fc.constantFrom("cached", "lcache"), fc.integer({ min: 0, max: 3 })),
);

/** A whole message of one of the kinds that there are, with operands that are often nearly right. */
export const message: fc.Arbitrary<Sexp> = fc.oneof(
  expression,
  fc
    .tuple(
      operand,
      fc.constantFrom<Sexp>("root", 1, 2, 9),
      fc.constantFrom("echo", "all", "getTwo", "isTwo", "getStock", "isStock", "call", "x"),
      expression,
      expression,
    )
    .map(([id, target, method, args, kw]): Sexp => ["message", id, target, method, 1, args, kw]),
  fc
    .tuple(fc.constantFrom("echo", "all", "note", "isTwo", "isStock", "call"), fc.array(expression, { maxLength: 3 }))
    .map(([method, args]): Sexp => ["message", 5, "root", method, 1, ["tuple", ...args], ["dictionary"]]),
  fc.tuple(fc.constantFrom("answer", "error"), fc.integer({ min: 0, max: 3 }), expression),
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom("price", "fail"), fc.array(expression, { maxLength: 2 }))
    .map(([id, method, args]): Sexp => ["cachemessage", 6, id, method, 1, ["tuple", ...args], ["dictionary"]]),
  fc
    .tuple(fc.constantFrom("echo", "note"), fc.array(cache, { minLength: 1, maxLength: 3 }))
    .map(([method, args]): Sexp => ["message", 7, "root", method, 1, ["tuple", ...args], ["dictionary"]]),
  fc.tuple(fc.constantFrom("decref", "decache", "uncache"), fc.integer({ min: -1, max: 3 })),
);
