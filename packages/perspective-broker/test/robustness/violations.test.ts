// A peer that has agreed on a dialect and then breaks its rules: the connection ends with a named reason, or only the call
// fails; nobody else notices, and the program lives.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  connect,
  type Limits,
  type LogRecord,
  listen,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { encode, type RawPeer, rawClient, rawServer, type Term } from "../support/raw-peer.ts";

class Service extends Root {
  called = 0;
  remote_echo(value: unknown) {
    this.called++;
    return value;
  }
  remote_count(...args: unknown[]) {
    return args.length;
  }
  async remote_callBack(peer: RemoteReference) {
    return await peer.callRemote("x");
  }
}

let names = 0;

async function attacked(limits: Partial<Limits> = {}) {
  const logged: LogRecord[] = [];
  const root = new Service();
  const log = (record: LogRecord) => void logged.push(record);
  const server = await listen(root, `memory://violations-${++names}`, { limits, log });
  onTestFinished(() => server.close());
  const friend = await connect<Service>(server.address);
  const peer = await rawClient(server);
  const [, accepted] = server.connections;
  let reason: CloseReason | undefined;
  server.on("disconnection", (event) => {
    reason = event.reason;
  });
  const friendIsWell = async () => expect(await friend.root.callRemote("echo", "well")).toBe("well");
  const ends = async (code: string) => {
    await peer.hangsUp();
    expect(reason).toMatchObject({ code, message: expect.any(String) });
    expect(await accepted?.closed).toBe(reason);
    expect(accepted?.inspect()).toMatchObject({ exports: [], imports: [], names: [], awaited: 0, waiting: 0 });
    await friendIsWell();
    expect(logged.filter(({ level }) => level !== "debug")).toEqual([]);
    await friend.close();
  };
  return { root, server, peer, ends, friendIsWell, logged };
}

/** Lists nested that deep around a number, as bytes. */
const nested = (depth: number, form = true): Uint8Array => {
  const open = form ? encode(["list", 0]).slice(0, -2) : Uint8Array.of(1, 0x80);
  return Buffer.concat([...Array.from({ length: depth }, () => open), Uint8Array.of(0, 0x81)]);
};

const empty: Term[] = [["tuple"], ["dictionary"]];

describe("bytes that are no Banana", () => {
  it.each<[string, Uint8Array, string]>([
    ["an element of no type", Uint8Array.of(5, 0x88), "BANANA_ERROR"],
    ["the last type there is", Uint8Array.of(0xff), "BANANA_ERROR"],
    ["a word of the vocabulary in dialect none", Uint8Array.of(1, 0x80, 5, 0x87), "BANANA_ERROR"],
    ["a prefix of 65 bytes", new Uint8Array(65).fill(1), "BANANA_ERROR"],
    ["a prefix of 65 bytes and a type", Buffer.concat([new Uint8Array(65), Uint8Array.of(0x81)]), "BANANA_ERROR"],
    ["a string that is too long", Uint8Array.of(1, 0x80, 1, 0, 0x28, 0x82), "BANANA_ERROR"],
    ["a string of astronomic length", Uint8Array.of(1, 0x80, ...new Uint8Array(63).fill(0x7f), 0x82), "BANANA_ERROR"],
    ["a list that is too long", Uint8Array.of(1, 0, 0x28, 0x80), "BANANA_ERROR"],
    ["a list of astronomic length", Uint8Array.of(...new Uint8Array(63).fill(0x7f), 0x80), "BANANA_ERROR"],
    ["lists nested a hundred thousand deep", nested(100_001, false), "LIMIT_EXCEEDED"],
    ["HTTP", Buffer.from(`GET / HTTP/1.1\r\nHost: ${"x".repeat(80)}\r\n\r\n`), "BANANA_ERROR"],
  ])("end the connection: %s", async (_what, bytes, code) => {
    const { peer, ends } = await attacked();
    peer.sends(bytes);
    await ends(code);
  });

  it("end it when they come one by one, too, and what was whole before them was handled", async () => {
    const { peer, ends, root } = await attacked();
    const bytes = Buffer.concat([
      encode(["message", 1, "root", "echo", 0, ["tuple", 1], ["dictionary"]]),
      Uint8Array.of(0xee),
    ]);
    for (const byte of bytes) peer.sends(Uint8Array.of(byte));
    await peer.hangsUp();
    expect(root.called).toBe(1);
    await ends("BANANA_ERROR");
  });

  it("in the limits are fine: 640 KiB of string, of list, 64 bytes of prefix", async () => {
    const { peer } = await attacked();
    peer.calls(1, "root", "count", new Uint8Array(655_360), 0);
    expect(await peer.hears()).toEqual(["answer", 1, 2]);
    const zeros = Buffer.alloc(2 * 655_359).map((_, i) => (i % 2 === 0 ? 0 : 0x81));
    const longest = Buffer.concat([Uint8Array.of(0, 0, 0x28, 0x80), encode("list"), zeros]);
    const head = ["message", 2, "root", "count", 1].map(encode);
    peer.sends(
      Buffer.concat([
        Uint8Array.of(7, 0x80),
        ...head,
        Uint8Array.of(2, 0x80),
        encode("tuple"),
        longest,
        encode(["dictionary"]),
      ]),
    );
    expect(await peer.hears()).toEqual(["answer", 2, 1]);
    peer.sends(
      Buffer.concat([
        encode(["message", 3, "root", "count", 1, ["tuple", 0], ["dictionary"]]).slice(0, -16),
        Buffer.concat([new Uint8Array(63), Uint8Array.of(1, 0x81)]),
        encode(["dictionary"]),
      ]),
    );
    expect(await peer.hears()).toEqual(["answer", 3, 1]);
  });
});

describe("messages that are none", () => {
  it.each<[string, Term, string]>([
    ["a number", 5, "PROTOCOL_ERROR"],
    ["a string", "message", "PROTOCOL_ERROR"],
    ["an empty list", [], "PROTOCOL_ERROR"],
    ["a list that begins with a number", [1, 2], "PROTOCOL_ERROR"],
    ["a list that begins with a list", [["message"]], "PROTOCOL_ERROR"],
    ["a name that is not UTF-8", ["\xff\xfe"], "PROTOCOL_ERROR"],
    ["an unknown command", ["shutdown", 1], "PROTOCOL_ERROR"],
    ["an inherited name", ["constructor", 1], "PROTOCOL_ERROR"],
    ["a version of another time", ["version", 7], "PROTOCOL_ERROR"],
    ["a version that is none", ["version", "6"], "PROTOCOL_ERROR"],
    ["a message of five", ["message", 1, "root", "echo", 1, ["tuple"]], "PROTOCOL_ERROR"],
    ["a message of seven", ["message", 1, "root", "echo", 1, ...empty, 1], "PROTOCOL_ERROR"],
    ["a message without anything", ["message"], "PROTOCOL_ERROR"],
    ["an answer of three", ["answer", 1, 2, 3], "PROTOCOL_ERROR"],
    ["an answer to nothing", ["answer", 1, 2], "PROTOCOL_ERROR"],
    ["an answer to no number", ["answer", "1", 2], "PROTOCOL_ERROR"],
    ["an error to nothing", ["error", 1, 2], "PROTOCOL_ERROR"],
    ["a method that is no string", ["message", 1, "root", 5, 1, ...empty], "PROTOCOL_ERROR"],
    ["a method that is text", ["message", 1, "root", ["unicode", "echo"], 1, ...empty], "PROTOCOL_ERROR"],
    ["a method that is not UTF-8", ["message", 1, "root", "\xff", 1, ...empty], "PROTOCOL_ERROR"],
    ["a request id that is a list", ["message", [], "root", "echo", 1, ...empty], "PROTOCOL_ERROR"],
    ["a decref of nothing", ["decref"], "PROTOCOL_ERROR"],
    ["a decref of a list", ["decref", []], "PROTOCOL_ERROR"],
    ["a decref of a name", ["decref", "root"], "UNKNOWN_ID"],
    ["a decref of what was never given", ["decref", 1], "UNKNOWN_ID"],
    ["a decref of zero", ["decref", 0], "UNKNOWN_ID"],
    ["a decref below zero", ["decref", -1], "UNKNOWN_ID"],
    ["a decref beyond numbers", ["decref", 2n ** 100n], "UNKNOWN_ID"],
    ["a cachemessage of three", ["cachemessage", 1, 1], "PROTOCOL_ERROR"],
    ["a decache of nothing", ["decache"], "PROTOCOL_ERROR"],
    ["a decache of a name", ["decache", "root"], "PROTOCOL_ERROR"],
    ["a decache of a list", ["decache", []], "PROTOCOL_ERROR"],
    ["a decache of what was never given", ["decache", 1], "UNKNOWN_ID"],
    ["a decache beyond numbers", ["decache", 2n ** 100n], "UNKNOWN_ID"],
    ["an uncache of a list", ["uncache", []], "PROTOCOL_ERROR"],
    ["an uncache of what was never received", ["uncache", 1], "UNKNOWN_ID"],
    [
      "a cache that was never given, sent home",
      ["message", 1, "root", "echo", 1, ["tuple", ["lcache", 1]], ["dictionary"]],
      "UNKNOWN_ID",
    ],
    [
      "an object that was never given, sent home",
      ["message", 1, "root", "echo", 1, ["tuple", ["local", 1]], ["dictionary"]],
      "UNKNOWN_ID",
    ],
    [
      "an object beyond numbers, sent home",
      ["message", 1, "root", "echo", 1, ["tuple", ["local", 2n ** 100n]], ["dictionary"]],
      "UNKNOWN_ID",
    ],
  ])("end the connection: %s", async (_what, term, code) => {
    const { peer, ends, root } = await attacked();
    peer.says(term);
    peer.calls(9, "root", "echo", 1);
    await ends(code);
    expect(root.called, "nothing behind it is handled").toBe(1);
  });

  it("tell the peer of an unknown command before they end the connection", async () => {
    const { peer, ends } = await attacked();
    peer.says(["cough", 1]);
    expect(await peer.hears()).toEqual(["didNotUnderstand", "cough"]);
    await ends("PROTOCOL_ERROR");
  });

  it("are not answered in kind: didNotUnderstand is logged and all goes on", async () => {
    const { peer, logged, friendIsWell } = await attacked();
    peer.says(["didNotUnderstand", "a\nb\x1b[31m"]);
    peer.calls(1, "root", "echo", 1);
    expect(await peer.hears()).toEqual(["answer", 1, 1]);
    const [record] = logged.filter(({ level }) => level === "warn");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(record?.message).not.toMatch(/[\u0000-\u001f]/);
    await friendIsWell();
  });

  it("that are too large end the connection as soon as that is known", async () => {
    const { peer, ends } = await attacked({ message: 50_000 });
    const part = encode(new Uint8Array(10_000));
    peer.sends(Buffer.concat([encode(["message", 1, "root", "echo", 1]).slice(0, 0), Uint8Array.of(100, 0x80)]));
    for (let i = 0; i < 4; i++) peer.sends(part);
    await peer.hearsAll();
    expect(peer.ended).toBe(false);
    peer.sends(part);
    await ends("LIMIT_EXCEEDED");
  });

  it("that are too large end it when they come in one piece, too", async () => {
    const { peer, ends } = await attacked({ message: 50_000 });
    peer.calls(1, "root", "echo", ["list", ...new Array(10).fill(new Uint8Array(10_000))]);
    await ends("LIMIT_EXCEEDED");
  });
});

describe("calls that cannot be understood", () => {
  const failed = (id: number, type: string) => [
    "error",
    id,
    [expect.any(String), expect.arrayContaining([expect.arrayContaining([["unicode", "type"], type])])],
  ];
  const insecure = "twisted.spread.jelly.InsecureJelly";
  const value = "builtins.ValueError";
  const key = "builtins.KeyError";
  const deep = (depth: number): Term => (depth === 0 ? 0 : ["list", deep(depth - 1)]);

  it.each<[string, Term, Term, string]>([
    ["an unknown class", ["tuple", ["os.System", ["dictionary"]]], ["dictionary"], insecure],
    ["a class object", ["tuple", ["class", "os.System"]], ["dictionary"], insecure],
    ["a function", ["tuple", ["function", "os.system"]], ["dictionary"], insecure],
    ["a module", ["tuple", ["module", "os"]], ["dictionary"], insecure],
    ["an instance of old", ["tuple", ["instance", ["class", "x.Y"], ["dictionary"]]], ["dictionary"], insecure],
    ["a form of no name", ["tuple", ["nonsense", 1]], ["dictionary"], insecure],
    ["an inherited name", ["tuple", ["__proto__", 1]], ["dictionary"], insecure],
    ["an empty list", ["tuple", []], ["dictionary"], value],
    ["a list that begins with a number", ["tuple", [1, 2]], ["dictionary"], value],
    ["no arguments", ["None"], ["dictionary"], value],
    ["an empty list for arguments", [], ["dictionary"], value],
    ["a number for arguments", 5, ["dictionary"], value],
    ["no keywords", ["tuple"], ["None"], value],
    ["a list for keywords", ["tuple"], ["list"], value],
    ["keywords that are numbers", ["tuple"], ["dictionary", [1, 2]], "builtins.TypeError"],
    ["a text that is not UTF-8", ["tuple", ["unicode", "\xff"]], ["dictionary"], value],
    ["a dangling dereference", ["tuple", ["dereference", 1]], ["dictionary"], value],
    ["a reference twice", ["tuple", ["reference", 1, ["list"]], ["reference", 1, ["list"]]], ["dictionary"], value],
    ["a pair of three", ["tuple", ["dictionary", [1, 2, 3]]], ["dictionary"], value],
    ["a list as a key", ["tuple", ["dictionary", [["list"], 1]]], ["dictionary"], "builtins.TypeError"],
    ["an impossible date", ["tuple", ["date", "2020 13 1"]], ["dictionary"], value],
    ["a maybe for a boolean", ["tuple", ["boolean", "maybe"]], ["dictionary"], value],
    ["lists nested too deep", ["tuple", deep(600)], ["dictionary"], "twisted.spread.pb.Error"],
    ["a cache with no number", ["tuple", ["cached", "x"]], ["dictionary"], value],
    ["a cache sent home by name", ["tuple", ["lcache", "x"]], ["dictionary"], value],
    ["a name that is not published, sent home", ["tuple", ["local", "nobody"]], ["dictionary"], value],
    ["a reference with no number", ["tuple", ["remote", "x"]], ["dictionary"], value],
  ])("are answered with an error: %s", async (_what, args, keywords, type) => {
    const { peer, root, friendIsWell } = await attacked();
    peer.says(["message", 1, "root", "echo", 1, args, keywords]);
    peer.says(["message", 2, "root", "echo", 0, args, keywords]);
    peer.calls(3, "root", "echo", "still here");
    expect(await peer.hears()).toEqual(failed(1, type));
    expect(await peer.hears()).toEqual(["answer", 3, "still here"]);
    expect(root.called).toBe(1);
    await friendIsWell();
  });

  it.each<[string, Term, string]>([
    ["a cache that nobody has", ["cached", 1], key],
    ["a cache of an unknown class", ["app.Stock", 1, ["dictionary"]], insecure],
  ])("are answered with an error, and what came is given back: %s", async (_what, form, type) => {
    const { peer, root, friendIsWell } = await attacked();
    for (const wanted of [1, 0]) peer.says(["message", 1, "root", "echo", wanted, ["tuple", form], ["dictionary"]]);
    peer.calls(3, "root", "echo", "still here");
    expect(await peer.hears()).toEqual(["decache", 1]);
    expect(await peer.hears()).toEqual(failed(1, type));
    expect(await peer.hears()).toEqual(["decache", 1]);
    expect(await peer.hears()).toEqual(["answer", 3, "still here"]);
    expect(root.called).toBe(1);
    await friendIsWell();
  });

  it.each<[string, Term]>([
    ["of the root by a method that is not there", ["message", 1, "root", "missing", 1, ...empty]],
    ["of a name that is not there", ["message", 1, "nobody", "echo", 1, ...empty]],
    ["of an id that was never given", ["message", 1, 77, "echo", 1, ...empty]],
    ["of an id beyond numbers", ["message", 1, 2n ** 100n, "echo", 1, ...empty]],
    ["of a list", ["message", 1, ["root"], "echo", 1, ...empty]],
    ["of an inherited name", ["message", 1, "__proto__", "echo", 1, ...empty]],
  ])("are answered with an error: one %s", async (_what, term) => {
    const { peer } = await attacked();
    peer.says(term);
    const missing = (term as Term[])[3] === "missing";
    expect(await peer.hears()).toEqual(
      failed(1, missing ? "twisted.spread.flavors.NoSuchMethod" : "twisted.spread.pb.Error"),
    );
    peer.calls(2, "root", "echo", 1);
    expect(await peer.hears()).toEqual(["answer", 2, 1]);
  });
});

describe("what is unusual but allowed", () => {
  const answers = async (peer: RawPeer, term: Term, expected: Term) => {
    peer.says(term);
    expect(await peer.hears()).toEqual(expected);
  };

  it("request ids of any kind come back as they were", async () => {
    const { peer } = await attacked();
    for (const id of [0, -5, 2 ** 40, "abc", ""] as const) {
      await answers(peer, ["message", id, "root", "echo", 1, ["tuple", 1], ["dictionary"]], ["answer", id, 1]);
    }
    peer.says(["message", 2n ** 100n, "root", "echo", 1, ["tuple", 1], ["dictionary"]]);
    expect(await peer.hears()).toEqual(["answer", 2 ** 100, 1]);
  });

  it("only the truth of the flag counts", async () => {
    const { peer } = await attacked();
    for (const yes of [2, -1, "x", ["x"]] as Term[]) {
      await answers(peer, ["message", 1, "root", "echo", yes, ["tuple", 1], ["dictionary"]], ["answer", 1, 1]);
    }
    for (const no of [0, "", []] as Term[]) peer.says(["message", 1, "root", "echo", no, ["tuple", 1], ["dictionary"]]);
    await answers(peer, ["message", 9, "root", "echo", 1, ["tuple", 1], ["dictionary"]], ["answer", 9, 1]);
  });

  it("arguments may be a list, and the version may come again", async () => {
    const { peer } = await attacked();
    peer.says(["version", 6], ["version", 6]);
    await answers(peer, ["message", 1, "root", "count", 1, ["list", 1, 2], ["dictionary"]], ["answer", 1, 2]);
  });
});

describe("answers that cannot be understood", () => {
  it.each<[string, Term, string]>([
    ["of an unknown class", ["app.Unknown", ["dictionary"]], "INSECURE_JELLY"],
    ["of no form", [], "MALFORMED_VALUE"],
    ["with a dangling dereference", ["list", ["dereference", 3]], "MALFORMED_VALUE"],
  ])("fail the call only: %s", async (_what, value, code) => {
    const { peer, connection } = await rawServer();
    for (const kind of ["answer", "error"]) {
      const call = connection.root.callRemote("x");
      const [, id] = (await peer.hears()) as Term[];
      peer.says([kind, id as Term, value]);
      await expect(call).rejects.toMatchObject({ code });
    }
    const good = connection.root.callRemote("x");
    await peer.hears();
    peer.says(["answer", 3, 7]);
    expect(await good).toBe(7);
    expect(connection.inspect().awaited).toBe(0);
    await connection.close();
  });

  it("of a strange kind are errors all the same", async () => {
    const { peer, connection } = await rawServer();
    const failure = "twisted.spread.pb.CopyableFailure";
    const strange: [Term, string][] = [
      [5, "5"],
      ["just bytes", "just bytes"],
      [["unicode", "text"], "text"],
      [["None"], ""],
      [[failure, ["dictionary"]], ""],
      [[failure, ["dictionary", [["unicode", "value"], 7]]], "7"],
      [[failure, ["dictionary", [["unicode", "parents"], 7], [["unicode", "type"], ["list"]]]], ""],
      [[failure, ["None"]], ""],
      [[failure, 5], ""],
    ];
    for (const [i, [value, message]] of strange.entries()) {
      const call = connection.root.callRemote("x");
      await peer.hears();
      peer.says(["error", i + 1, value]);
      await expect(call).rejects.toMatchObject({ code: "REMOTE_ERROR", message });
    }
    await connection.close();
  });

  it("twice end the connection", async () => {
    const { peer, connection } = await rawServer();
    const call = connection.root.callRemote("x");
    await peer.hears();
    peer.says(["answer", 1, 1], ["answer", 1, 1]);
    expect(await call).toBe(1);
    expect(await connection.closed).toMatchObject({ code: "PROTOCOL_ERROR" });
  });
});
