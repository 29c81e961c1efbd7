// The table of messages in docs/pb7.md: what one codec sends, one message after the other, what another one tells of it, and what a
// reader that knows nothing but the page says of it.
import { describe, expect, it } from "vitest";
import { type ErrorClass, wireNameOf } from "../../src/errors/base.ts";
import { errorClasses } from "../../src/errors.ts";
import { PBError, Referenceable } from "../../src/index.ts";
import { defaultLimits } from "../../src/limits.ts";
import { pending } from "../../src/references/remote-result.ts";
import { Keywords } from "../../src/values/keywords.ts";
import type { Codec, SessionFrames, SessionHandler } from "../../src/wire/dialect.ts";
import { Registry } from "../../src/wire/jelly/registry.ts";
import { type MessageHandler, type PeerLimits, Wants } from "../../src/wire/message.ts";
import { Outbox } from "../../src/wire/outbox.ts";
import { frames } from "../../src/wire/pb7/frames.ts";
import { pb7 } from "../../src/wire/pb7/pb7.ts";
import { pageAt, tableBelow } from "../docs/pages.ts";
import { hasPython, readInPython } from "./support/captured.ts";
import { framesIn, hex, Tables, unhex } from "./support/sides.ts";

const rows = tableBelow(pageAt("docs/pb7.md"), "Examples: messages").map(
  (row) => row.map((cell) => cell.replace(/^`(.*)`$/, "$1")) as [words: string, bytes: string],
);

/** Processes are 100 here and 200 there. */
const greeting = (process: number): PeerLimits => {
  return { calls: 16, results: 8, message: 65_536, bytes: 0, heartbeat: 10_000, streams: 4, process };
};

class OutOfStock extends PBError {
  static override wireName = "shop.OutOfStock";
  item = "soap";
}

type Told = [what: string, ...with: unknown[]];

const own = new (class extends Referenceable {})();
const { result } = pending<unknown>();
const trace = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`, tracestate: "" };
const chain = { process: 100, number: 5 };
const { answer, keeping } = Wants;
const call = { to: "object", id: 1, wantsAnswer: true, keep: false, args: [] as unknown[] };
const stopped = new Error("enough");

/** What is sent, and what its receiver is told; bytes for what the codec does not send by itself. */
const conversation: [send: (codec: Codec & { more: NonNullable<Codec["more"]> }) => unknown, ...told: Told[]][] = [
  [(codec) => codec.hello(), ["greeted", greeting(100)]],
  [
    (codec) => codec.sendCall("object", 1, "root", "getTwo", [], undefined, answer, null, undefined),
    ["called", { ...call, target: "root", method: "getTwo" }],
  ],
  [
    (codec) => codec.sendCall("object", 2, 3, "three", [12], undefined, answer, null, undefined),
    ["called", { ...call, id: 2, target: 3, method: "three", args: [12] }],
  ],
  [
    (codec) =>
      codec.sendCall("object", 3, 3, "three", [], Keywords.fromEntries([["n", 12]]), answer, null, {
        deadline: 500,
        chain,
        depth: 2,
        trace,
      }),
    [
      "called",
      {
        ...call,
        id: 3,
        target: 3,
        method: "three",
        keywords: { n: 12 },
        envelope: { deadline: 500, chain, depth: 2, trace },
      },
    ],
  ],
  [
    (codec) => codec.sendCall("object", 4, "root", "getTwo", [], undefined, keeping, null, undefined),
    ["called", { ...call, id: 4, target: "root", method: "getTwo", keep: true, wantsAnswer: false }],
  ],
  [
    (codec) => codec.sendCall("result", 5, 4, "three", [own, own], undefined, answer | keeping, null, undefined),
    [
      "called",
      { ...call, to: "result", id: 5, target: 4, method: "three", keep: true, args: ["object 1", "object 1"] },
    ],
  ],
  [
    (codec) => codec.sendCall("object", 6, 3, "three", [result], undefined, answer, null, undefined),
    ["called", { ...call, id: 6, target: 3, method: "three", args: ["late", "kept 9"] }],
  ],
  [
    (codec) => codec.sendCall("cache", 7, 2, "price", [5], undefined, Wants.nothing, null, undefined),
    ["called", { ...call, to: "cache", id: 7, target: 2, method: "price", wantsAnswer: false, args: [5] }],
  ],
  [(codec) => codec.sendAnswer(1, [{ x: 1 }, { x: 2 }], null), ["answered", 1, [{ x: 1 }, { x: 2 }]]],
  [
    (codec) => {
      const shared: unknown[] = [];
      codec.sendAnswer(2, [shared, shared], null);
    },
    ["answered", 2, [[], []]],
  ],
  [(codec) => codec.sendError(3, new OutOfStock("none"), false), ["failed", 3, "shop.OutOfStock: none", undefined]],
  [
    (codec) => codec.sendError(4, new TypeError("no"), false, { dependency: true }),
    ["failed", 4, "builtins.TypeError: no", { dependency: true }],
  ],
  [(codec) => codec.sendRelease(3), ["released", 3]],
  [(codec) => codec.sendDecache(4), ["decached", 4]],
  [(codec) => codec.sendUncache(2), ["uncached", 2]],
  [(codec) => codec.more.sendDrop(4), ["dropped", 4]],
  [(codec) => codec.more.sendPull(5), ["pulled", 5]],
  [(codec) => codec.more.sendCancel(6), ["cancelled", 6]],
  [(codec) => codec.more.sendCredit(4), ["credited", 4]],
  [(codec) => codec.more.sendEcho(300), ["echo", 300]],
  [(codec) => codec.more.sendEchoed(7), ["echoed", 7]],
  [
    () => "13 08 00 00 81 08 03 03 01 0d 01 03",
    ["called", { ...call, id: 8, target: 3, method: "three", args: ["late", new Uint8Array([1, 2, 3])] }],
  ],
  [() => "1f 03 00 00 01 01 02"],
  [() => "1f 02 00 00 01 03", ["sent", "20 01 00 00 03"], ["replied"]],
  [() => "20 01 00 00 00", ["room"]],
  [
    () => "13 08 00 00 81 09 03 03 01 0d 02 03",
    [
      "called",
      { ...call, id: 9, target: 3, method: "three", args: ["late", "the sender has given up a part of the message"] },
    ],
  ],
  [() => "21 01 00 00 02"],
  [(codec) => codec.sendAnswer(5, (async function* () {})(), null), ["answered", 5, "stream 1"]],
  [(codec) => codec.more.sendItem(1, "one", null), ["item", 1, "one"]],
  [(codec) => codec.more.sendEnd(1), ["ended", 1]],
  [(codec) => codec.more.sendBreak(2, stopped), ["broke", 2, "builtins.Exception: enough"]],
  [(codec) => codec.more.sendWant(3, 32, 65_536), ["wanted", 3, 32, 65_536]],
  [(codec) => codec.more.sendStop(3), ["stopped", 3]],
  [(codec) => codec.more.sendThrow(4, stopped), ["threw", 4, "builtins.Exception: enough"]],
  [
    (codec) => {
      const path = [{ chain: { process: 200, number: 6 }, object: "Account#1@k2x9" }];
      codec.more.sendProbe(8, { search: { process: 300, number: 77 }, path });
    },
    [
      "probed",
      8,
      {
        search: { process: 300, number: 77 },
        path: [{ chain: { process: 200, number: 6 }, object: "Account#1@k2x9" }],
      },
    ],
  ],
  [() => hex(session.ping), ["ping"]],
  [() => hex(session.pong), ["pong"]],
  [() => "03 02 00 00 80 01", ["acknowledged", 128]],
  [() => hex(session.bye("LIMIT_EXCEEDED", "too much")), ["bye", "LIMIT_EXCEEDED", "too much"]],
];

const session = pb7.session as SessionFrames;

describe("docs/pb7.md, Examples: messages", () => {
  it("has every frame", () => {
    const shown = new Set(rows.map(([, bytes]) => Number.parseInt(bytes.slice(0, 2), 16)));
    expect([...shown].sort()).toEqual(Object.values(frames).sort());
  });

  it("is what is sent", () => {
    const { codec, outbox } = open(100, 200);
    const sent: string[] = [];
    for (const [send] of conversation) {
      const bytes = send(codec as never);
      if (typeof bytes === "string") sent.push(bytes);
      else for (const { type, body } of framesIn(Buffer.concat(outbox.take()))) sent.push(framed(type, body));
    }
    expect(sent).toEqual(rows.map(([, bytes]) => bytes));
  });

  it("is what is understood", () => {
    const { codec, outbox, told } = open(200, 100, false);
    for (const [, bytes] of rows) {
      codec.receive(unhex(bytes));
      while (codec.next());
      if (outbox.waiting > 0) told.splice(told.length - 1, 0, ["sent", hex(Buffer.concat(outbox.take()))]);
    }
    expect(plain(told)).toEqual(plain(conversation.flatMap(([, ...all]) => all)));
  });

  it.skipIf(!hasPython)("is what the words say", () => {
    const said = readInPython(
      rows.map(([, bytes]) => `C ${bytes}`),
      "--bare",
      "--words",
    );
    expect(said.trimEnd().split("\n")).toEqual(rows.map(([words]) => `C ${words}`));
  });
});

describe("docs/pb7.md, The library's errors", () => {
  const classes = new Map(Object.values(errorClasses).map((one) => [one.name, one as unknown as ErrorClass]));
  const documented = new Map(
    tableBelow(pageAt("docs/pb7.md"), "The library's errors").flatMap(([type = "", names = ""]) =>
      [...names.matchAll(/`(\w+)`/g)]
        .map(([, name = ""]) => name)
        .filter((name) => classes.has(name))
        .map((name): [string, string] => [name, type.replaceAll("`", "")]),
    ),
  );

  it.each([...documented])("%s travels as %s", (name, type) => {
    expect(wireNameOf(classes.get(name) as ErrorClass)).toBe(type);
  });

  it("are all that have a name of their own there", () => {
    const named = [...classes.values()].filter((one) => wireNameOf(one) !== "builtins.Exception");
    const missing = named.map(({ name }) => name).filter((name) => !documented.has(name));
    expect(missing).toEqual(["BananaError"]); // of the other dialects
  });
});

function framed(type: number, body: Uint8Array): string {
  const { length } = body;
  return hex(Uint8Array.of(type, length & 255, length >> 8, 0, ...body));
}

/** A codec, and what its handler is told. `greeted`: it has heard the other side's hello. */
function open(process: number, peer: number, greeted = true): { codec: Codec; outbox: Outbox; told: Told[] } {
  const outbox = new Outbox();
  const told: Told[] = [];
  const registry = new Registry();
  const tables = new Tables();
  tables.results.set(9, "kept 9");
  const handler = {
    called: ({ late, received: _, caches: __, bytes: ___, ...call }: any) => {
      const entry: Told = ["called", call];
      if (late !== undefined) {
        call.args = ["late"];
        late.whenComplete(() => {
          try {
            call.args = ["late", ...late.decode().args];
          } catch (error) {
            call.args = ["late", (error as Error).message];
          }
        });
      }
      told.push(entry);
    },
    answered: (id: number, value: unknown) => told.push(["answered", id, value]),
    failed: (id: number, error: unknown, _: unknown, __: unknown, notRun: unknown) => {
      told.push(["failed", id, error, notRun]);
    },
    expected: () => true,
    released: (id: number) => {
      told.push(["released", id]);
      return false;
    },
    decached: (id: number) => told.push(["decached", id]),
    uncached: (id: number) => told.push(["uncached", id]),
    more: recorder(told, { item: ([stream, value]) => [stream, value] }),
  } as unknown as MessageHandler;
  const codec = pb7.open({
    ...{ outbox, tables, handler, greeting: greeting(process) },
    classes: registry.policy(undefined),
    values: { floats: "number", dicts: "object", dates: "plain", unsendable: "throw", unsafeTracebacks: false },
    limits: { ...defaultLimits },
    session: recorder(told) as unknown as SessionHandler,
  });
  if (greeted) {
    const other = open(peer, process, false);
    other.codec.hello();
    codec.receive(Buffer.concat(other.outbox.take()));
    while (codec.next());
    told.length = 0;
  }
  return { codec, outbox, told };
}

/** Writes down what is called of it. */
function recorder(told: Told[], changes: Record<string, (args: unknown[]) => unknown[]> = {}): never {
  return new Proxy({} as never, {
    get:
      (_, name: string) =>
      (...args: unknown[]) => {
        told.push([name, ...(changes[name]?.(args) ?? args)]);
      },
  });
}

/** What has an identity becomes a text. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return `${(value as { type?: string }).type}: ${value.message}`;
  if (value instanceof Keywords) return value.toObject();
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if ("reference" in value) return `object ${value.reference}`;
  if ("stream" in value) return `stream ${value.stream}`;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([key, one]) => [key, plain(one)]),
  );
}
