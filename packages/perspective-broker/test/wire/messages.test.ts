// The broker's messages but for calls and answers, and those about caches: what each is, and what a malformed one does. Rows of
// the tables of spec §2.11, §4.1, §4.2 and §4.6.
import { describe, expect, it } from "vitest";
import type { RemoteReference } from "../../src/index.ts";
import { agreed, call, errorTo, expectClosed, expectOpen, NONE } from "./support/conversation.ts";
import { Echo } from "./support/echo.ts";
import { encode, encodeAll, Real, type Sexp, unhex, unicode } from "./support/elements.ts";
import { ending, GREETING, strangerAtClient, strangerAtServer } from "./support/stranger.ts";

describe("spec §4: operand counts", () => {
  const whole: Record<string, Sexp[]> = {
    version: [6],
    message: [1, "root", "echo", 1, ["tuple", 1], NONE],
    answer: [1, 7],
    error: [1, 7],
    cachemessage: [1, 1, "price", 1, ["tuple", 1], NONE],
    decref: [1],
    decache: [1],
    uncache: [1],
    didNotUnderstand: ["x"],
  };
  for (const [command, operands] of Object.entries(whole)) {
    it(`of ${command}: one too few and one too many close`, async () => {
      await expectClosed(encode([command, ...operands.slice(0, -1)]), "PROTOCOL_ERROR");
      await expectClosed(encode([command, ...operands, 1]), "PROTOCOL_ERROR");
      await expectClosed(encode([command]), "PROTOCOL_ERROR");
    });
  }
});

describe("spec §4.1: version", () => {
  it("6 is accepted, again and again, also late", async () => {
    expect(await expectOpen(["version", 6], call(1, 1), ["version", 6])).toEqual([["answer", 1, 1]]);
  });

  const wrong: Sexp[] = [5, 7, 0, -6, 2n ** 70n, "6", [6], new Real(6.5), ["None"]];
  for (const version of wrong) {
    it(`another one closes: ${JSON.stringify(version, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`, async () => {
      await expectClosed(encode(["version", version]), "PROTOCOL_ERROR");
    });
  }
});

describe("spec §4.2: unknown commands and malformed messages", () => {
  it("an unknown command is answered with didNotUnderstand, and closes", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(["frobnicate", 1, 2]);
    expect(stranger.heard()).toEqual([["didNotUnderstand", "frobnicate"]]);
    expect(await ending(connection)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("so do commands that look like properties of an object", async () => {
    for (const command of ["constructor", "__proto__", "toString", "proto_message", "", "Message"]) {
      await expectClosed(encode([command, 1]), "PROTOCOL_ERROR");
    }
  });

  it("didNotUnderstand is for the log, and the connection stays", async () => {
    for (const command of ["cachemessage", "\xff\xfe", "", ["list"], 7, new Real(1)] as Sexp[]) {
      expect(await expectOpen(["didNotUnderstand", command])).toEqual([]);
    }
    const { stranger, logged } = await agreed();
    await stranger.say(["didNotUnderstand", "frob\n\u001b[31m"]);
    expect(logged).toEqual([{ level: "warn", message: expect.stringContaining('"frob??[31m"') }]);
  });

  const notLists: Sexp[] = [1, -1, "message", "pb", new Real(1.5), 2n ** 100n];
  it("an expression that is not a list closes", async () => {
    for (const sexp of notLists) await expectClosed(encode(sexp), "PROTOCOL_ERROR");
  });

  it("an empty list, or one that begins with no byte string, closes", async () => {
    for (const sexp of [[], [1], [["message"]], [new Real(1)], [[]]] as Sexp[]) {
      await expectClosed(encode(sexp), "PROTOCOL_ERROR");
    }
  });

  it("a first element that is not UTF-8 closes", async () => {
    await expectClosed(encode(["\xff", 1]), "PROTOCOL_ERROR");
    await expectClosed(encode(["message\xc3", 1, "root", "echo", 1, ["tuple"], NONE]), "PROTOCOL_ERROR");
  });

  it("an answer or error to an unknown request closes", async () => {
    for (const id of [1, 0, -1, 2n ** 64n, "x", ["list"], new Real(1)] as Sexp[]) {
      await expectClosed(encode(["answer", id, 7]), "PROTOCOL_ERROR");
      await expectClosed(encode(["error", id, 7]), "PROTOCOL_ERROR");
    }
  });

  it("a second answer to one call closes", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const connection = await connected;
    const answer = connection.root.callRemote("echo");
    await stranger.say(["answer", 1, 7]);
    await expect(answer).resolves.toBe(7);
    await stranger.say(["answer", 1, 7]);
    expect(await ending(connection)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  it("a decref of an id that was never given out closes, with a code of its own", async () => {
    for (const id of [1, 5, 2 ** 31, 2 ** 53 - 1]) await expectClosed(encode(["decref", id]), "UNKNOWN_ID");
    for (const id of [0, -1, 2n ** 60n]) await expectClosed(encode(["decref", id]), "UNKNOWN_ID");
  });

  it("so does a decref of a name, which is not counted", async () => {
    await expectClosed(encode(["decref", "root"]), "UNKNOWN_ID");
    await expectClosed(encode(["decref", "nosuch"]), "UNKNOWN_ID");
  });

  it("and of what is no id at all", async () => {
    for (const id of [new Real(1), ["list"], []] as Sexp[]) {
      await expectClosed(encode(["decref", id]), "PROTOCOL_ERROR");
    }
  });

  it("one decref too many of an id that was given out is tolerated, unlike in Twisted", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(["message", 1, "root", "getTwo", 1, ["tuple"], NONE]);
    expect(stranger.heard()).toEqual([["answer", 1, ["remote", 1]]]);
    await stranger.say(["decref", 1], ["decref", 1], ["decref", 1], call(2, 7));
    expect(connection.inspect().exports).toEqual([]);
    expect(stranger.heard().at(-1)).toEqual(["answer", 2, 7]);
    // It has a new id when it is sent again: ids are never used twice.
    await stranger.say(["message", 3, "root", "getTwo", 1, ["tuple"], NONE]);
    expect(stranger.heard().at(-1)).toEqual(["answer", 3, ["remote", 2]]);
  });
});

describe("spec §2.11: bytes that are no Banana", () => {
  const rows: [string, string][] = [
    ["an unknown type of element", "0188"],
    ["the last type byte there is", "ff"],
    ["a vocabulary word that is none", "2087"],
    ["vocabulary word 0", "87"],
    ["a string that is announced too long", "01002882"],
    ["a list that is announced too long", "01002880"],
    ["a prefix of 65 bytes", `${"00".repeat(65)}81`],
    ["65 bytes below 80", "00".repeat(65)],
    ["an illegal element within a message", "03801b8701810199"],
  ];
  for (const [about, bytes] of rows) {
    it(`close: ${about}`, async () => expectClosed(unhex(bytes), "BANANA_ERROR"));
  }

  it("a vocabulary word in dialect none closes", async () => {
    const { stranger, connection } = await strangerAtServer(new Echo());
    await stranger.agree("none");
    await stranger.write(unhex("1087"));
    expect(await ending(connection)).toMatchObject({ code: "BANANA_ERROR" });
  });

  it("a message that is larger than its limit closes", async () => {
    const { stranger, connection } = await agreed(new Echo(), { message: 1024 });
    await stranger.say(call(1, "x".repeat(900)));
    expect(stranger.heard()).toEqual([["answer", 1, "x".repeat(900)]]);
    await stranger.say(call(2, "x".repeat(500), "x".repeat(600)));
    expect(await ending(connection)).toMatchObject({ code: "LIMIT_EXCEEDED", error: { limit: "message" } });
  });

  it("so does one that never ends, before it is whole", async () => {
    const { stranger, connection } = await agreed(new Echo(), { message: 1024 });
    await stranger.write(unhex("7f80"));
    for (let sent = 0; sent < 2000 && !stranger.ended; sent += 250) await stranger.write(encode("x".repeat(247)));
    expect(await ending(connection)).toMatchObject({ code: "LIMIT_EXCEEDED", error: { limit: "message" } });
  });
});

describe("spec §4.6: decref", () => {
  it("takes one count off, and at none the id is forgotten", async () => {
    const { stranger, connection } = await agreed();
    const get = (id: number): Sexp => ["message", id, "root", "getTwo", 1, ["tuple"], NONE];
    await stranger.say(get(1), get(2), get(3));
    expect(connection.inspect().exports).toEqual([{ id: 1, class: "Two", count: 3 }]);
    await stranger.say(["decref", 1], ["decref", 1]);
    await stranger.say(["message", 4, 1, "three", 1, ["tuple", 4], NONE]);
    expect(stranger.heard().at(-1)).toEqual(["answer", 4, 4]);
    await stranger.say(["decref", 1], ["message", 5, 1, "three", 1, ["tuple", 4], NONE]);
    expect(errorTo(stranger.heard(), 5)).toEqual({ type: "twisted.spread.pb.Error", value: "Invalid Object ID" });
    expect(connection.inspect().exports).toEqual([]);
  });

  it("is owed once for each [remote id], and for no name", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const { root } = await connected;
    const twice = root.callRemote("twice");
    await stranger.say(["answer", 1, ["list", ["remote", 5], ["remote", 5]]]);
    const [a, b] = (await twice) as RemoteReference[];
    expect(a).toBe(b);
    root.release();
    a?.release();
    a?.release();
    a?.release();
    await stranger.quiet();
    expect(stranger.heard().slice(1)).toEqual([
      ["decref", 5],
      ["decref", 5],
    ]);
  });

  it("follows the answer of the call that brought the reference (§5.8, §12.3)", async () => {
    class Releasing extends Echo {
      remote_release(reference: RemoteReference): RemoteReference {
        reference.release();
        return reference;
      }
      remote_giveBack(reference: RemoteReference): RemoteReference {
        queueMicrotask(() => reference.release());
        return reference;
      }
    }
    const { stranger } = await agreed(new Releasing());
    await stranger.say(["message", 1, "root", "giveBack", 1, ["tuple", ["remote", 8]], NONE]);
    expect(stranger.heard()).toEqual([
      ["answer", 1, ["local", 8]],
      ["decref", 8],
    ]);
  });
});

describe("many messages in one chunk", () => {
  it("before an illegal one have been handled", async () => {
    const { stranger, connection } = await agreed();
    await stranger.write(Buffer.concat([encodeAll([call(1, 1), call(2, 2)]), unhex("0199")]));
    expect(stranger.heard()).toEqual([
      ["answer", 1, 1],
      ["answer", 2, 2],
    ]);
    expect(await ending(connection)).toMatchObject({ code: "BANANA_ERROR" });
  });

  it("of which the server makes the same whatever the chunks are", async () => {
    const messages = Array.from({ length: 50 }, (_, i) => call(i, "x".repeat(i * 7), ["list", i, unicode("ü")]));
    const expected = messages.length;
    for (const size of [1, 2, 3, 7, 64, 1000, 100_000]) {
      const { stranger } = await agreed();
      await stranger.write(encodeAll(messages), size);
      expect(stranger.heard().filter((message: any) => message[0] === "error").length).toBe(0);
      expect(stranger.heard().length).toBe(expected);
    }
  });
});
