// The application that is fuzzed: an object of every flavour, which refuses what makes no sense by an expected error, so that any
// other error is the library's.
import {
  Avatar,
  allowAnonymous,
  type Clock,
  Copyable,
  currentCall,
  Decimal,
  Duration,
  Float,
  FrozenSet,
  ObservableCacheable,
  PBError,
  PlainDate,
  PlainDateTime,
  PlainTime,
  Portal,
  Referenceable,
  Registry,
  RemoteCache,
  RemoteReference,
  tuple,
  Viewable,
  ViewPoint,
} from "../../src/index.ts";

export class Refused extends PBError {
  static override wireName = "fuzz.Refused";
  reason: unknown;
}

class Point extends Copyable {
  static wireName = "fuzz.Point";
  x: unknown = 1;
  y: unknown = [2];
}

class RemoteStock extends RemoteCache {
  price: unknown = 0;
  observe_price(price: unknown): unknown {
    this.price = price;
    return price;
  }
}

class Stock extends ObservableCacheable<RemoteStock> {
  static readonly wireName = "fuzz.Stock";
  price: unknown = 10;
}

export const registry: Registry = new Registry();
registry.registerCopyable(Point);
registry.registerCopyable("fuzz.Stock", RemoteStock);
registry.registerError(Refused, undefined, { thrownAs: "itself" });

/** What is called to see whether a connection is in order. */
export class Sane extends Referenceable {
  remote_ok(): string {
    return "ok";
  }
}

/** What the other side calls back. */
export class Listener extends Referenceable {
  readonly heard: unknown[] = [];

  remote_hear(value: unknown): number {
    if (this.heard.length > 20) this.heard.length = 0;
    return this.heard.push(value);
  }
  async remote_hearLater(value: unknown): Promise<unknown> {
    await Promise.resolve();
    return value;
  }
  remote_fail(): never {
    throw new Refused("the listener fails");
  }
}

class Two extends Referenceable {
  remote_three(n: unknown): unknown {
    return typeof n === "number" ? n * 3 : n;
  }
  remote_self(): Two {
    return this;
  }
  async remote_later(): Promise<Two> {
    await Promise.resolve();
    return this;
  }
}

class Room extends Viewable {
  view_say(avatar: unknown, text: unknown): unknown {
    return avatar instanceof User ? [avatar.name, text] : text;
  }
}

class User extends Avatar {
  readonly name = "user";
  readonly #room = new Room();
  readonly #mind: unknown;

  constructor(mind: unknown) {
    super();
    this.#mind = mind;
  }
  perspective_room(): Room {
    return this.#room;
  }
  perspective_isRoom(room: unknown): boolean {
    return room instanceof ViewPoint && room.object === this.#room;
  }
  async perspective_tellMind(value: unknown): Promise<unknown> {
    return reference(this.#mind).callRemote("hear", value);
  }
}

// Challenges are in the recordings.
const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);

export function portal(clock: Clock): Portal {
  const realm = {
    requestAvatar: (_: unknown, mind: unknown) => ({ avatar: new User(mind), logout: () => {} }),
  };
  return new Portal(realm, { checkers: [allowAnonymous()], rateLimit: false, log: () => {}, clock, random });
}

export class World extends Referenceable {
  readonly #stock = new Stock();
  readonly #two = new Two();
  #kept: unknown;

  remote_echo(...values: unknown[]): unknown {
    return values.length === 1 ? values[0] : values;
  }
  remote_nothing(): void {}
  remote_fail(reason: unknown): never {
    const error = new Refused("refused");
    error.reason = reason;
    throw error;
  }
  remote_failPlainly(): never {
    throw new PBError("refused plainly");
  }
  async remote_failLater(): Promise<never> {
    await Promise.resolve();
    throw new PBError("refused later");
  }
  remote_values(): unknown {
    return values();
  }
  remote_bytes(length: unknown): Uint8Array {
    return new Uint8Array(typeof length === "number" && length >= 0 && length < 200_000 ? length : 3);
  }
  remote_two(): Two {
    return this.#two;
  }
  remote_newTwo(): Two {
    return new Two();
  }
  async remote_twoLater(): Promise<Two> {
    await Promise.resolve();
    return this.#two;
  }
  remote_isTwo(two: unknown): boolean {
    return two === this.#two;
  }
  remote_point(): Point {
    return Object.assign(new Point(), { x: this.#two });
  }
  remote_stock(): Stock {
    return this.#stock;
  }
  async remote_setPrice(price: unknown): Promise<number> {
    this.#stock.price = price;
    return (await this.#stock.observers.callRemote("price", price)).length;
  }
  remote_setPriceOnly(price: unknown): void {
    this.#stock.price = price;
    this.#stock.observers.callRemoteOnly("price", price);
  }
  remote_isStock(stock: unknown): boolean {
    return stock === this.#stock;
  }
  remote_keep(value: unknown): void {
    this.#kept = value;
  }
  remote_kept(): unknown {
    return this.#kept;
  }
  remote_letGo(): void {
    if (this.#kept instanceof RemoteReference) this.#kept.release();
    this.#kept = undefined;
  }
  /** Calls back, and returns what it was told. */
  async remote_callBack(listener: unknown, value: unknown): Promise<unknown> {
    return reference(listener).callRemote("hear", value);
  }
  /** Several calls at once, one of them cancelled and one without an answer, and one through a result. */
  async remote_callMuch(listener: unknown): Promise<unknown> {
    const to = reference(listener);
    const cancel = new AbortController();
    const given = to.with({ signal: cancel.signal }).callRemote("hearLater", 1);
    const calls = [to.callRemote("hear", new Two()), to.callRemote("fail"), given];
    to.callRemoteOnly("hear", "only");
    cancel.abort();
    return (await Promise.allSettled(calls)).map((outcome) => outcome.status);
  }
  /** Ends when its caller gives up, or nobody hears it any more. */
  remote_wait(): Promise<string> {
    const { signal } = currentCall();
    return new Promise((resolve) => {
      if (signal.aborted) resolve("aborted");
      else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
  }
  remote_about(): unknown {
    const call = currentCall();
    return [call.method, call.remaining === Number.POSITIVE_INFINITY ? null : 1];
  }
  async *remote_items(count: unknown): AsyncGenerator<unknown, void, undefined> {
    const end = typeof count === "number" ? Math.min(count, 50) : 3;
    for (let n = 0; n < end; n++) yield n % 2 === 0 ? n : { n, two: this.#two };
  }
  async *remote_failingItems(): AsyncGenerator<unknown, void, undefined> {
    yield 1;
    throw new Refused("no more items");
  }
  async remote_sum(items: unknown): Promise<number> {
    if (typeof items !== "object" || items === null || !(Symbol.asyncIterator in items)) throw new Refused("no stream");
    let sum = 0;
    for await (const item of items as AsyncIterable<unknown>) {
      if (typeof item === "number") sum += item;
      if (++sum > 1000) break;
    }
    return sum;
  }
}

/** What is called has to be one. */
export function reference(value: unknown): RemoteReference {
  if (!(value instanceof RemoteReference)) throw new Refused("no reference");
  return value;
}

/** One of everything that travels by value. */
export function values(): unknown[] {
  const shared = { a: 1, b: [true, null, undefined] };
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  return [
    [0, 127, 128, -1, 2 ** 31, -0, 1.5, Number.NaN, new Float(2), 0n, -(2n ** 70n)],
    ["", "pb", "é", "x".repeat(70), "\ud800", "é".repeat(80)],
    [new Uint8Array(5), new Float64Array(2), new Int16Array(3), new DataView(new ArrayBuffer(3)), new ArrayBuffer(4)],
    [shared, shared, { a: 2, b: "c" }, { a: 3, b: "d" }, cycle, new Array(2)],
    new Map<unknown, unknown>([
      [1, shared],
      ["k", new Set([shared, 2])],
    ]),
    [new FrozenSet([1, "2"]), tuple(1, [2]), new Date(5), /a+/g, new URL("http://a/b?c")],
    [new TypeError("m", { cause: [1] }), Object.assign(new Error("n"), { code: 3 }), new AggregateError([1], "o")],
    [new PlainDateTime(2020, 7, 11, 1, 16, 5, 0, 344), new PlainDate(2020, 7, 11), new PlainTime(1, 16)],
    [new Duration(1, 2, 3), Decimal.from("9.95"), Object.assign(new Point(), { x: shared })],
  ];
}
