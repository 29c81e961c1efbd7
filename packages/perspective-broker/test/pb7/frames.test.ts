// Frames of pb7 as the encoder makes them: what is taken back when one fails, frames within frames, definitions, byte strings
// by reference, pieces and what is decoded later.
import { describe, expect, it } from "vitest";
import { PBError, ProtocolError } from "../../src/errors.ts";
import { Cacheable, Referenceable, Registry, RemoteCache, RemoteError, UnsendableError } from "../../src/index.ts";
import { pending } from "../../src/references/remote-result.ts";
import { Outbox } from "../../src/wire/outbox.ts";
import { ANSWER, type Frame, framesIn, Sides } from "./support/sides.ts";

class Own extends Referenceable {}

class Stock extends Cacheable {
  static wireName = "shop.Stock";
  readonly price: unknown;
  constructor(price: unknown) {
    super();
    this.price = price;
  }
  getStateToCacheAndObserveFor(): object {
    return { price: this.price };
  }
}

class StockCopy extends RemoteCache {
  price: unknown = 0;
}

function stocks(): Registry {
  const registry = new Registry();
  registry.registerCopyable("shop.Stock", StockCopy);
  return registry;
}

async function* numbers(): AsyncGenerator<number> {}

describe("a frame that fails", () => {
  it("leaves no bytes and no counts", () => {
    const sides = new Sides();
    const own = new Own();
    const value = [own, own, new Stock(1), numbers(), { a: 1 }, { a: 1 }, () => 1];
    expect(() => sides.send(value)).toThrow("[6]: a function cannot be sent");
    const { exported, cached, streams, sent } = sides.sender;
    expect([exported, cached, streams, sent]).toEqual([[], [], [], []]);
    expect(sides.outbox.waiting).toBe(0);
  });

  it("leaves what was defined for it, which goes out before the next", () => {
    const sides = new Sides();
    expect(() => sides.send([{ a: 1 }, { a: 2 }, () => 1])).toThrow(UnsendableError);
    const frames = sides.send([{ a: 3 }]);
    expect(frames.map(({ type }) => type)).toEqual([0x12, ANSWER]);
    expect(sides.receive(frames)).toEqual([{ a: 3 }]);
  });

  it("can fail in a getter", () => {
    const sides = new Sides();
    const broken = {
      a: 1,
      get b(): never {
        throw new Error("broken");
      },
    };
    expect(() => sides.send([broken])).toThrow("broken");
    expect(sides.trip([{ a: 1, b: 2 }])).toEqual([{ a: 1, b: 2 }]);
  });
});

describe("a frame", () => {
  it("can be written while another one is", () => {
    const sides = new Sides();
    const shared = { s: 1 };
    const value = [
      shared,
      {
        x: 1,
        get inner() {
          sides.encoder.begin(0x22, 0, null);
          sides.encoder.value([shared, shared, { x: 2, inner: 3 }]);
          sides.encoder.commit();
          sides.encoder.begin(0x22, 0, null);
          sides.encoder.value({ a: "that fails" });
          sides.encoder.rollback();
          return { deep: shared };
        },
      },
      shared,
    ];
    const frames = sides.send(value);
    const bodies = sides.define(frames);
    expect(frames.filter(({ type }) => type === 0x22 || type === ANSWER).map(({ type }) => type)).toEqual([
      0x22,
      ANSWER,
    ]);
    const read = bodies.map((body) => sides.read(body)) as any[];
    expect(read[0]).toEqual([{ s: 1 }, { s: 1 }, { x: 2, inner: 3 }]);
    expect(read[1]).toEqual([{ s: 1 }, { x: 1, inner: { deep: { s: 1 } } }, { s: 1 }]);
    expect(read[1][0]).toBe(read[1][2]);
  });

  it("can wait elsewhere, what it defines goes out at once", () => {
    const sides = new Sides();
    const aside = new Outbox();
    sides.encoder.begin(ANSWER, 0, null);
    sides.encoder.value([{ a: 1 }, { a: 2 }]);
    sides.encoder.commit(aside);
    expect(framesIn(Buffer.concat(sides.outbox.take())).map(({ type }) => type)).toEqual([0x12]);
    expect(framesIn(Buffer.concat(aside.take())).map(({ type }) => type)).toEqual([ANSWER]);
  });

  it("tells what it carries", () => {
    const sides = new Sides({ registry: stocks() });
    const own = new Own();
    const stock = new Stock(5);
    sides.send([own, own, stock, stock, numbers()]);
    expect(sides.cargo).toMatchObject({ exported: [1, 1], caches: [1], streams: [1] });
    expect(sides.sender.sent).toEqual([1]);
  });

  it("has byte strings by reference where they belong to it", () => {
    const sides = new Sides();
    const bytes = new Uint8Array(20_000).fill(7);
    for (const byReference of [true, false]) {
      sides.encoder.begin(ANSWER, 0, null);
      sides.encoder.byReference = byReference;
      sides.encoder.value([bytes, "behind"]);
      sides.encoder.commit();
      const chunks = sides.outbox.take();
      expect(chunks.some((chunk) => chunk.buffer === bytes.buffer)).toBe(byReference);
      expect(sides.receive(framesIn(Buffer.concat(chunks)))).toStrictEqual([bytes, "behind"]);
    }
  });

  it("grows with what is in it", () => {
    const sides = new Sides();
    const value = Array.from({ length: 30_000 }, (_, i) => ({ i, text: `number ${i}`, half: i / 2 }));
    expect(sides.trip(value)).toStrictEqual(value);
    const text = "long ".repeat(100_000);
    expect(sides.trip([text, `é${text}`]) as unknown).toStrictEqual([text, `é${text}`]);
  });
});

describe("plain objects that are asynchronous iterables", () => {
  it("are streams, if they have functions or nothing", () => {
    const sides = new Sides();
    const bare = { [Symbol.asyncIterator]: numbers };
    const byHand = { at: 0, next() {}, [Symbol.asyncIterator]: numbers };
    expect(sides.trip([{ a: 1 }, bare, byHand, bare])).toEqual([{ a: 1 }, { stream: 1 }, { stream: 2 }, { stream: 3 }]);
  });
});

/** Reads a message of which something comes later. */
function late(
  sides: Sides,
  frames: readonly Frame[],
  leaves: Map<number, Uint8Array>,
): { skimmed: any; value: unknown } {
  const [body] = sides.define(frames);
  const { decoder } = sides;
  decoder.read(body as Uint8Array, 0, body?.length as number);
  const bits = decoder.byte();
  expect(bits & 0x80).toBe(0x80);
  decoder.flags(bits);
  const skimmed = decoder.skim("value");
  // Another message in between changes nothing.
  sides.trip([1, { z: 1 }]);
  decoder.resume(skimmed, leaves);
  const value = decoder.value();
  decoder.finish();
  decoder.complete();
  return { skimmed, value };
}

function leavesOf(sides: Sides): Map<number, Uint8Array> {
  return new Map(sides.cargo.transfers?.map(({ id, bytes }) => [id, bytes]));
}

describe("pieces", () => {
  const large = new Uint8Array(70_000).fill(3);

  it("are for large leaves, if the peer takes them", () => {
    const sides = new Sides();
    sides.encoder.peerBytes = 1_000_000;
    const value = [large, "é".repeat(70_000), new Float64Array(10_000), "x".repeat(70_000), large, "small"];
    const frames = sides.send(value);
    expect(frames.at(-1)?.body.length).toBeLessThan(100);
    expect(sides.cargo.transfers?.map(({ id, bytes }) => [id, bytes.length])).toEqual([
      [1, 70_000],
      [2, 140_000],
      [3, 80_000],
      [4, 70_000],
    ]);
    const { value: back, skimmed } = late(sides, frames, leavesOf(sides)) as any;
    expect(skimmed.transfers.map(({ id }: any) => id)).toEqual([1, 2, 3, 4]);
    expect(back).toStrictEqual(value);
    expect(back[0]).toBe(back[4]);
  });

  it("are not for what the peer does not take", () => {
    const sides = new Sides();
    expect(sides.trip(large)).toStrictEqual(large);
    sides.encoder.peerBytes = 69_999;
    sides.send(large);
    expect(sides.cargo.transfers).toBeUndefined();
  });

  it("are for smaller leaves in a message that is large already", () => {
    const sides = new Sides();
    sides.encoder.peerBytes = 1_000_000;
    sides.send(Array.from({ length: 10 }, () => new Uint8Array(40_000)));
    expect(sides.cargo.transfers?.length).toBe(3);
  });

  it("are not for keys, members of sets, and messages with a new Cacheable", () => {
    const sides = new Sides({ registry: stocks() });
    sides.encoder.peerBytes = 1_000_000;
    const keyed = new Map([[large, 1]]);
    expect(sides.trip([keyed, new Set(["x".repeat(70_000)])])).toStrictEqual([keyed, new Set(["x".repeat(70_000)])]);
    const back = sides.trip([large, "y".repeat(80_000), new Stock(large)]) as any;
    expect(back[0]).toStrictEqual(large);
    expect(back[1]).toBe("y".repeat(80_000));
    expect(back[2].price).toStrictEqual(large);
    expect(sides.cargo.transfers).toBeUndefined();
  });

  it("are numbered in the order in which their frames are sent", () => {
    const sides = new Sides();
    sides.encoder.peerBytes = 1_000_000;
    const sent: number[] = [];
    sides.send([
      large,
      {
        get inner() {
          sides.encoder.begin(0x22, 0, null);
          sides.encoder.value(new Uint8Array(70_000));
          sent.push(...(sides.encoder.commit().transfers?.map(({ id }) => id) ?? []));
          return 1;
        },
      },
    ]);
    expect([sent, sides.cargo.transfers?.map(({ id }) => id)]).toEqual([[1], [2]]);
  });

  it("that did not come fail the message", () => {
    const sides = new Sides();
    sides.encoder.peerBytes = 1_000_000;
    expect(() => late(sides, sides.send([large]), new Map())).toThrow("did not come");
  });
});

describe("a message that is decoded later", () => {
  it("has counted everything when it arrived, in order", () => {
    const sides = new Sides({ registry: stocks() });
    const copy = new StockCopy();
    const { result } = pending<unknown>();
    const stock = new Stock(1);
    sides.trip(stock);
    sides.sender.copies.set(5, copy);
    const value = [result, new Own(), stock, copy, numbers(), new Own(), { result }];
    const frames = sides.send(value);
    sides.receiver.results.set(9, "the result");
    const before = sides.receiver.importedCaches.length;
    const { skimmed, value: back } = late(sides, frames, new Map()) as any;
    expect(skimmed.results).toEqual([9, 9]);
    expect([skimmed.received.length, skimmed.caches.length, skimmed.streams.length]).toEqual([2, 1, 1]);
    expect(sides.receiver.imported).toEqual([1, 2]);
    expect(sides.receiver.importedCaches.length).toBe(before + 1);
    expect(back.slice(0, 3)).toEqual(["the result", { reference: 1 }, sides.receiver.copies.get(1)]);
    expect(back[6]).toEqual({ result: "the result" });
  });

  it("fails when it is decoded, if something in it could not be counted", () => {
    const sides = new Sides();
    const { result } = pending<unknown>();
    const frames = sides.send([new Own(), result, new Own()]);
    sides.receiver.most = 1;
    const [body] = sides.define(frames);
    const { decoder } = sides;
    decoder.read(body as Uint8Array, 0, body?.length as number);
    decoder.flags(decoder.byte());
    const skimmed = decoder.skim("value");
    expect([skimmed.received.length, skimmed.refused.objects]).toEqual([1, [2]]);
    expect(String(skimmed.error)).toContain("too many");
    decoder.resume(skimmed, new Map());
    expect(() => decoder.value()).toThrow("too many");
  });

  it("has no Cacheable that is new", () => {
    const sides = new Sides({ registry: stocks() });
    const { result } = pending<unknown>();
    expect(() => sides.send([result, new Stock(1)])).toThrow("[1]: a result that is not there yet cannot go along");
    expect(() => sides.send([new Stock(1), { result }])).toThrow("[1].result: a result that is not there yet");
    const [body] = sides.define(sides.send(new Stock(1)));
    sides.decoder.read(body as Uint8Array, 1, body?.length as number);
    expect(() => sides.decoder.skim("value")).toThrow(ProtocolError);
  });
});

describe("receipts of a message that could not be decoded", () => {
  it("are those that decoding did not reach", () => {
    const sides = new Sides();
    const frames = sides.write((encoder) => encoder.positional([new Own(), /a/, new Own(), numbers(), [new Own()]]));
    const [body] = sides.define(frames) as [Uint8Array];
    const at = body.indexOf(0x61);
    body[at] = 0x28; // a regular expression that is none
    const { decoder } = sides;
    decoder.read(body, 0, body.length);
    decoder.flags(decoder.byte());
    const start = decoder.at;
    expect(() => decoder.positional()).toThrow();
    expect(sides.receiver.imported).toEqual([1]);
    decoder.at = start;
    expect(decoder.receipts("arguments")).toEqual({ objects: [2, 3], caches: [], streams: [1] });
  });
});

describe("failures", () => {
  class Known extends Error {
    static wireName = "app.Known";
  }
  class Itself extends Error {
    static wireName = "app.Itself";
  }
  class Expected extends PBError {
    static override wireName = "app.Expected";
    readonly left = 5;
  }
  const registry = new Registry();
  registry.registerError(Known);
  registry.registerError(Itself, undefined, { thrownAs: "itself" });

  function failed(error: unknown, values = {}): any {
    const sides = new Sides({ registry, values });
    const [body] = sides.define(sides.write((encoder) => encoder.failure(error, false))) as [Uint8Array];
    sides.decoder.read(body, 0, body.length);
    sides.decoder.flags(sides.decoder.byte());
    const back = sides.decoder.failure();
    sides.decoder.finish();
    sides.decoder.complete();
    return back;
  }

  it("arrive with type, parents and message, and with data if they were expected", () => {
    const back = failed(new Expected("no"));
    expect(back).toBeInstanceOf(RemoteError);
    expect([back.type, back.message, back.data]).toMatchObject(["app.Expected", "no", { left: 5 }]);
    expect(back.parents).toContain("twisted.spread.pb.Error");
    expect(failed(Object.assign(new TypeError("t"), { secret: 1 }))).toMatchObject({
      type: "builtins.TypeError",
      data: {},
    });
  });

  it("have a traceback only if that was allowed", () => {
    expect(failed(new Error("e")).remoteTraceback).toBe("Traceback unavailable\n");
    expect(failed(new Error("e"), { unsafeTracebacks: true }).remoteTraceback).toContain("frames.test.ts");
  });

  it("of classes that both know are instances of them", () => {
    expect(failed(new Known("k"))).toBeInstanceOf(Known);
    expect(failed(new Itself("i"))).toBeInstanceOf(Itself);
  });

  it("of what is no error, and with data that cannot be sent", () => {
    expect(failed("text").message).toContain("a value that is no error was thrown: string");
    const error = Object.assign(new Expected("no"), { fn: () => 1 });
    expect(() => failed(error)).toThrow(".data.fn: a function cannot be sent");
  });

  it("that are none are malformed values", () => {
    const sides = new Sides({ registry });
    sides.decoder.read(Uint8Array.of(0x81, 0x81, 0x81, 0x81, 0x81), 0, 5);
    sides.decoder.flags(0);
    expect(() => sides.decoder.failure()).toThrow("no type or message");
  });
});
