// The flavours in values against what Twisted made of the same objects (`flavors` of test/vectors/jelly.json; spec §3.4, §6).
import { describe, expect, it } from "vitest";
import { UnsendableError } from "../../src/errors.ts";
import { RemoteReference, Viewable } from "../../src/index.ts";
import { cacheTarget } from "../../src/references/remote-cache.ts";
import { Two } from "../peers/served/two.ts";
import { RemoteStock, Stock } from "../peers/wire-caches.ts";
import { wireClasses } from "../peers/wire-classes.ts";
import { Point, Tagged } from "../peers/wire-copies.ts";
import { KnownError } from "../peers/wire-errors.ts";
import { CodecEnd, type CodecOptions, valueBytesFrom, valueFromAt } from "./support/codecs.ts";
import { type DialectName, hex, unhex } from "./support/elements.ts";
import { jelly } from "./support/vectors.ts";

interface Row {
  /** What is sent; `end` sends it. */
  value(end: CodecEnd): unknown;
  /** What another end receives. */
  check?(received: any, end: CodecEnd): void;
  readonly options?: CodecOptions;
}

const cycle = (): Tagged => {
  const a = new Tagged("a");
  a.friend = new Tagged("b", a);
  return a;
};

const isReference = (received: unknown) => expect(received).toBeInstanceOf(RemoteReference);
const isPoint = (received: unknown, x: number, y: number) => expect(received).toStrictEqual(new Point(x, y));
const isStock = (received: any) => {
  expect(received).toBeInstanceOf(RemoteStock);
  expect([received.name, received.price]).toEqual(["ACME", 10]);
};

class Board extends Viewable {}

const rows: Record<string, Row> = {
  Referenceable: { value: () => new Two(), check: isReference },
  "the same Referenceable twice: two 'remote' forms, count 2": {
    value() {
      const one = new Two();
      return [one, one];
    },
    check([a, b], end) {
      expect(a).toBe(b);
      expect(end.imports.size).toBe(1);
    },
  },
  "two Referenceables": {
    value: () => [new Two(), new Two()],
    check: ([a, b], end) => expect([a === b, end.imports.size]).toEqual([false, 2]),
  },
  "RemoteReference sent home": { value: (end) => end.importReference(5) },
  "RemoteReference by name sent home": { value: (end) => end.named("root") },
  Copyable: { value: () => new Point(3, 4), check: (received) => isPoint(received, 3, 4) },
  "Copyable twice": {
    value() {
      const one = new Point(1, 2);
      return [one, one];
    },
    check([a, b]) {
      isPoint(a, 1, 2);
      expect(a).toBe(b);
    },
  },
  "Copyables in a cycle, tag without a dot": {
    value: cycle,
    check(received) {
      expect([received.label, received.friend.label]).toEqual(["a", "b"]);
      expect([received, received.friend]).toEqual([expect.any(Tagged), expect.any(Tagged)]);
      expect(received.friend.friend).toBe(received);
    },
  },
  "Cacheable, first time": {
    value: () => new Stock("ACME", 10),
    check(received, end) {
      isStock(received);
      expect(end.held).toEqual(new Map([[1, received]]));
    },
  },
  "Cacheable, twice in one message": {
    value() {
      const one = new Stock("ACME", 10);
      return [one, one];
    },
    check([a, b]) {
      isStock(a);
      expect(a).toBe(b);
      // What is shared in a message is counted once, as Twisted does.
      expect(cacheTarget(a)?.receipts).toBe(1);
    },
  },
  "Cacheable, known to the peer": {
    value(end) {
      const one = new Stock("ACME", 10);
      valueBytesFrom(end, one);
      expect(one.observers.size).toBe(1);
      return one;
    },
  },
  "Cacheable and Copyable in a dict": {
    value: () => ({ s: new Stock("ACME", 10), point: new Point(1, 2) }),
    check({ s, point }) {
      isStock(s);
      isPoint(point, 1, 2);
    },
  },
  "RemoteCache sent home": { value: (end) => end.importCache(9, () => new RemoteStock()) },
  "Viewable (perspective None)": { value: () => new Board(), check: isReference },
  "jellyable exception": {
    value() {
      const error = new KnownError(42);
      // Python's has no attributes in the vector.
      delete (error as { code?: number }).code;
      return error;
    },
    check: (received) => expect(received).toBeInstanceOf(KnownError),
  },
  "exception class unknown to jelly": {
    value() {
      class ValueError extends Error {}
      Object.defineProperty(ValueError, "name", { value: "builtins.ValueError" });
      return new ValueError("not sent");
    },
    options: { values: { unsendable: "unpersistable" } },
  },
};

const sendable = jelly.flavors.filter(({ error }) => error === undefined);

describe.each<DialectName>(["pb", "none"])("an object, in dialect %s", (dialect) => {
  const newEnd = (options?: CodecOptions) => new CodecEnd(dialect, { registry: wireClasses(), ...options });

  for (const vector of sendable) {
    it(`is sent as Twisted does, and counted: ${vector.about}: ${vector.text}`, () => {
      const { value, options } = rows[vector.about] as Row;
      const end = newEnd(options);
      expect(hex(valueBytesFrom(end, value(end)))).toBe(vector[dialect]);
      const counts = (table: ReadonlyMap<number, { count: number }>) =>
        Object.fromEntries([...table].map(([id, { count }]) => [id, count]));
      expect(counts(end.exports)).toEqual(vector.localObjects ?? {});
      expect(counts(end.given)).toEqual(vector.remotelyCachedObjects ?? {});
    });
  }

  for (const vector of sendable.filter(({ about }) => rows[about]?.check !== undefined)) {
    it(`is received: ${vector.about}`, () => {
      const end = newEnd();
      rows[vector.about]?.check?.(valueFromAt(end, unhex(vector[dialect])), end);
      // Nothing is given back that the application may use.
      expect(end.outbox.waiting).toBe(0);
    });
  }

  it("of the other side's is the same object when it comes again, or home", () => {
    const vectors = (about: string) => unhex(sendable.find((vector) => vector.about === about)?.[dialect] as string);
    const end = newEnd();
    const cache = valueFromAt(end, vectors("Cacheable, first time")) as RemoteStock;
    expect(valueFromAt(end, vectors("Cacheable, known to the peer"))).toBe(cache);
    expect(cacheTarget(cache)?.receipts).toBe(2);
    const mine = new Stock("ACME", 10);
    const owner = newEnd();
    owner.given.set(9, { cacheable: mine, count: 1 });
    owner.names.set("root", mine);
    expect(valueFromAt(owner, vectors("RemoteCache sent home"))).toBe(mine);
    expect(valueFromAt(owner, vectors("RemoteReference by name sent home"))).toBe(mine);
    expect(owner.given.get(9)?.count).toBe(1);
  });

  it("of another connection is refused, with the path", () => {
    const foreign = newEnd();
    for (const value of [foreign.importReference(3), foreign.importCache(4, () => new RemoteStock())]) {
      const end = newEnd();
      expect(() => valueBytesFrom(end, { list: [1, value] })).toThrow(UnsendableError);
      expect(() => valueBytesFrom(end, { list: [1, value] })).toThrow(/^\.list\[1\]: /);
    }
  });

  it("that was counted for a message that could not be written is not", () => {
    const end = newEnd();
    const stock = new Stock("ACME", 10);
    expect(() => valueBytesFrom(end, [new Two(), stock, stock, () => 1])).toThrow(UnsendableError);
    expect([end.exports.size, end.given.size, end.outbox.waiting]).toEqual([0, 0, 0]);
  });
});

it("every object of the vectors has its row", () => {
  expect(Object.keys(rows)).toEqual(sendable.map(({ about }) => about));
  const refused = jelly.flavors.filter(({ error }) => error !== undefined).map(({ about }) => about);
  expect(refused).toEqual(["RemoteReference of another broker"]);
});
