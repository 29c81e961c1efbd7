// Bounds: the table of spec §2.8 for both directions, as the default and as configured, and the ones that are ours.
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { BananaError, JellyError, LimitExceeded } from "../../src/errors.ts";
import { defaultLimits, type Limits } from "../../src/limits.ts";
import { Inbox } from "../../src/wire/banana/inbox.ts";
import { CodecEnd, valueBytes, valueFrom } from "./support/codecs.ts";
import { Echo } from "./support/echo.ts";
import { encode, type Sexp, unhex } from "./support/elements.ts";
import { ending, GREETING, isOpen, strangerAtClient, strangerAtServer } from "./support/stranger.ts";

const call = (id: number, ...args: Sexp[]): Sexp => [
  "message",
  id,
  "root",
  "echo",
  1,
  ["tuple", ...args],
  ["dictionary"],
];

async function server(limits: Partial<Limits> = {}) {
  const at = await strangerAtServer(new Echo(), { limits });
  await at.stranger.agree();
  return at;
}

async function client(limits: Partial<Limits> = {}) {
  const { stranger, connected } = strangerAtClient({ limits });
  await stranger.write(GREETING);
  return { stranger, connection: await connected };
}

describe("spec §2.8: what is received", () => {
  it("a string may have as many bytes as the limit, and one more closes as soon as it is announced", async () => {
    const { stranger, connection } = await server({ string: 256 });
    await stranger.say(call(1, "x".repeat(256)));
    expect(stranger.heard()).toEqual([["answer", 1, "x".repeat(256)]]);
    await stranger.write(unhex("0780010282"));
    expect(await ending(connection)).toMatchObject({ code: "BANANA_ERROR" });
  });

  it("a list may have as many elements as the limit, and one more closes as soon as it is announced", async () => {
    const { stranger, connection } = await server({ list: 100 });
    const items: Sexp[] = new Array(99).fill(1);
    await stranger.say(call(1, ["list", ...items]));
    expect(stranger.heard()).toEqual([["answer", 1, ["list", ...items]]]);
    await stranger.write(unhex("07806580"));
    expect(await ending(connection)).toMatchObject({ code: "BANANA_ERROR" });
  });

  it("an integer may have as many digits as the limit, and one more closes without its type byte", async () => {
    const { stranger, connection } = await server({ prefix: 10 });
    await stranger.say(call(1, 2n ** 70n - 1n));
    expect(stranger.heard()).toEqual([["answer", 1, 2n ** 70n - 1n]]);
    await stranger.write(unhex(`0780${"7f".repeat(10)}`));
    expect(await isOpen(connection)).toBe(true);
    await stranger.write(unhex("7f"));
    expect(await ending(connection)).toMatchObject({ code: "BANANA_ERROR" });
  });

  it("the defaults are Twisted's, and hold for each element and not for the message", async () => {
    const end = new CodecEnd();
    const most = "x".repeat(655_360);
    end.feed(encode(["answer", 1, ["list", most, most, most]]));
    expect(end.told).toMatchObject([{ kind: "answered" }]);
    expect(() => end.feed(unhex("01002882"))).toThrow(BananaError);
  });

  it("a message has a bound, too, whole or while it is gathered", () => {
    for (const size of [50, 1000]) {
      const end = new CodecEnd("pb", { limits: { message: 500 } });
      const parts: Sexp[] = new Array(50).fill("x".repeat(10));
      expect(() => end.feed(encode(["answer", 1, ["list", ...parts]]), size)).toThrow(LimitExceeded);
    }
  });

  it("depth has one: the call fails, and the connection stays", async () => {
    const { stranger, connection } = await server({ depth: 5 });
    let deep: Sexp = 1;
    for (let i = 0; i < 5; i++) deep = ["list", deep];
    await stranger.say(call(1, deep), call(2, 7));
    expect(stranger.heard()).toEqual([
      ["error", 1, expect.anything()],
      ["answer", 2, 7],
    ]);
    expect(await isOpen(connection)).toBe(true);
  });
});

describe("spec §2.8: what is announced is not believed", () => {
  // Bytes of memory that are held for a message of which little has come.
  const held = (start: string, more: number): number => {
    const inbox = new Inbox(defaultLimits, true);
    inbox.receive(unhex(start));
    while (inbox.next());
    for (let i = 0; i < more; i++) {
      inbox.receive(Uint8Array.of(0x78));
      while (inbox.next());
    }
    return inbox.buffer.length;
  };

  it("the memory for a string grows with what has come of it", () => {
    expect(held("00002882", 0)).toBeLessThanOrEqual(128 * 1024);
    expect(held("00002882", 1000)).toBeLessThanOrEqual(128 * 1024);
    expect(held("00002882", 200_000)).toBeLessThanOrEqual(2 * 200_010);
  });

  it("nor does a list cost anything before its elements come", () => {
    expect(held("00002880", 0)).toBeLessThanOrEqual(2048);
    expect(held("000028800000288000002880", 0)).toBeLessThanOrEqual(2048);
  });

  it("and a message that was handled leaves no more than its chunk", () => {
    const inbox = new Inbox(defaultLimits, true);
    for (let i = 0; i < 1000; i++) {
      inbox.receive(encode("x".repeat(1000)));
      expect(inbox.next()).toBe(true);
      expect(inbox.next()).toBe(false);
    }
    expect(inbox.buffer.length).toBeLessThanOrEqual(4096);
  });
});

describe("spec §2.8: what is sent", () => {
  const tooMuch: [string, Partial<Limits>, () => unknown, typeof BananaError | typeof LimitExceeded][] = [
    ["a string of bytes", {}, () => new Uint8Array(655_361), BananaError],
    ["a text", {}, () => "x".repeat(655_361), BananaError],
    ["a text by its bytes", {}, () => "ü".repeat(327_681), BananaError],
    ["a key", {}, () => ({ ["x".repeat(655_361)]: 1 }), BananaError],
    ["a list", {}, () => new Array(655_360).fill(0), BananaError],
    ["an integer", {}, () => 2n ** 448n, BananaError],
    ["a negative integer", {}, () => -(2n ** 448n), BananaError],
    ["depth", { depth: 3 }, () => [[[[]]]], LimitExceeded],
    ["a whole message", { message: 5000 }, () => new Array(100).fill("x".repeat(100)), LimitExceeded],
    [
      "a whole message with bytes by reference",
      { message: 50_000 },
      () => new Array(3).fill(new Uint8Array(20_000)),
      LimitExceeded,
    ],
  ];
  for (const [about, limits, make, kind] of tooMuch) {
    it(`more than the limit of ${about} fails the call; nothing is written, no number is used`, async () => {
      const { stranger, connection } = await client(limits);
      await expect(connection.root.callRemote("echo", 1, make())).rejects.toThrow(kind);
      const answer = connection.root.callRemote("echo", 1);
      await stranger.quiet();
      expect(stranger.heard()).toEqual([call(1, 1)]);
      await stranger.say(["answer", 1, 1]);
      await expect(answer).resolves.toBe(1);
      expect(connection.inspect().awaited).toBe(0);
    });
  }

  it("as much as the limit is sent", () => {
    for (const value of [new Uint8Array(655_360), "x".repeat(655_360), 2n ** 448n - 1n, -(2n ** 448n) + 1n]) {
      expect(isDeepStrictEqual(valueFrom(valueBytes(value)), value)).toBe(true);
    }
    expect((valueFrom(valueBytes(new Array(655_359).fill(0))) as unknown[]).length).toBe(655_359);
  });

  it("a message without an answer that cannot be sent is lost with a warning, and its number is free", async () => {
    const { stranger, connection } = await client();
    connection.root.callRemoteOnly("note", 2n ** 448n);
    connection.root.callRemoteOnly("note", 1);
    await stranger.quiet();
    expect(stranger.heard()).toEqual([["message", 1, "root", "note", 0, ["tuple", 1], ["dictionary"]]]);
  });

  it("a bound that makes no sense is refused at once", async () => {
    for (const limits of [{ string: 0 }, { list: -1 }, { message: Number.NaN }, { depth: "9" as never }]) {
      expect(() => strangerAtClient({ limits })).not.toThrow();
      await expect(strangerAtClient({ limits }).connected).rejects.toThrow(RangeError);
    }
    await expect(strangerAtClient({ limits: { strings: 5 } as never }).connected).rejects.toThrow(TypeError);
  });
});

describe("a decoder that has failed once", () => {
  it("keeps failing a run at a time only: what follows is decoded", () => {
    const end = new CodecEnd();
    const bad: Sexp[] = [
      ["list", ["dereference", 1]],
      ["set", ["unicode", "\xff"]],
      ["dictionary", [["list"], 1]],
      [[]],
    ];
    for (const sexp of bad) {
      end.feed(encode(["answer", 1, sexp]));
      end.feed(encode(["answer", 2, ["list", ["reference", 1, ["list"]], ["dereference", 1]]]));
    }
    expect(end.told.map(({ kind }) => kind)).toEqual(bad.flatMap(() => ["failed", "answered"]));
    expect(end.told.filter((told) => told.kind === "failed" && !(told.error instanceof Error))).toEqual([]);
    expect(() => valueFrom(encode(["list", ["dereference", 1]]))).toThrow(JellyError);
  });
});
