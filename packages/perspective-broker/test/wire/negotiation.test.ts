// The choice of a dialect, in both roles, with every consequence that spec §2.9 lists.
import { describe, expect, it } from "vitest";
import { HandshakeTimeout, NegotiationError } from "../../src/errors.ts";
import { connect, type Dialect, listen, none, pb, pb7 } from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { Echo } from "./support/echo.ts";
import { encode, encodeAll, hex, Real, type Sexp, unhex } from "./support/elements.ts";
import { anotherStranger, ending, GREETING, isOpen, strangerAtClient, strangerAtServer } from "./support/stranger.ts";

/** A dialect that is spoken as `pb` is, under another name. */
const other: Dialect = { name: "ts-binary-1", open: (setup) => pb.open(setup) };
const VERSION = "028013870681";
const VERSION_SPELLED_OUT = `02800782${Buffer.from("version").toString("hex")}0681`;

const call = (id: number): Sexp => ["message", id, "root", "echo", 1, ["tuple", 5], ["dictionary"]];

describe("spec §2.9: a server", () => {
  it("speaks first: the list of its dialects, without vocabulary", async () => {
    const { stranger } = await strangerAtServer(new Echo());
    expect(hex(stranger.bytes)).toBe(hex(GREETING));
  });

  it("lists all that there are if nothing else is said, our own first", async () => {
    await using server = await listen(new Echo(), "memory://greeting");
    const { stranger } = await anotherStranger(server);
    expect(hex(stranger.bytes)).toBe(hex(encode(["pb7", "pb", "none"], "none")));
  });

  it("serves with that list a client that knows only Twisted's dialects, and one of ours in pb7", async () => {
    await using server = await listen(new Echo(), "memory://all-dialects");
    for (const [options, choice] of [[{ dialects: [pb, none] }, "pb"] as const, [{}, "pb7"] as const]) {
      await using client = await connect<Echo>(server.address, options);
      expect(client.dialect).toBe(choice);
      expect(await client.root.callRemote("echo", 5)).toBe(5);
    }
  });

  it("lists them in its own order of preference, extra ones too", async () => {
    const { stranger } = await strangerAtServer(new Echo(), { dialects: [other, none, pb] });
    expect(hex(stranger.bytes)).toBe(hex(encode(["ts-binary-1", "none", "pb"], "none")));
  });

  for (const [name, version] of [["pb", VERSION] as const, ["none", VERSION_SPELLED_OUT] as const]) {
    it(`answers the choice of ${name} with its version, already in that dialect`, async () => {
      const { stranger, connection } = await strangerAtServer(new Echo());
      await stranger.write(encode(name, "none"));
      expect(hex(stranger.bytes.subarray(GREETING.length))).toBe(version);
      expect(connection.dialect).toBe(name);
    });
  }

  it("accepts a dialect of its own that it offered", async () => {
    const { stranger, connection } = await strangerAtServer(new Echo(), { dialects: [other, pb, none] });
    await stranger.write(encode("ts-binary-1", "none"));
    await stranger.say(["version", 6], call(1));
    expect(connection.dialect).toBe("ts-binary-1");
    expect(stranger.heard()).toEqual([["answer", 1, 5]]);
  });

  it("never speaks a dialect that it does not offer", async () => {
    const { stranger, connection } = await strangerAtServer(new Echo(), { dialects: [pb] });
    await stranger.write(encode("none", "none"));
    expect(await ending(connection)).toMatchObject({ code: "NEGOTIATION_FAILED" });
  });

  const wrong: [string, Uint8Array][] = [
    ["a string that is no dialect", encode("pb8", "none")],
    ["the name in other letters", encode("PB", "none")],
    ["a longer name", encode("pb ", "none")],
    ["the name behind a byte order mark", encode("\xef\xbb\xbfpb", "none")],
    ["an empty string", encode("", "none")],
    ["an integer", encode(1, "none")],
    ["a float", encode(new Real(1), "none")],
    ["a list", encode(["pb"], "none")],
    ["an empty list", encode([], "none")],
    ["a vocabulary word", unhex("1087")],
    ["an unknown type of element", unhex("0188")],
    ["a message instead of a choice", encode(call(1), "none")],
    ["a request of HTTP", Buffer.from(`GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: ${"x".repeat(40)}\r\n\r\n`)],
    ["a ClientHello of TLS", unhex(`16030100f8010000f40303${"ab".repeat(64)}`)],
    ["a string without an end", unhex("7f7f7f82")],
    ["a list without an end", unhex("7f7f7f80")],
  ];
  for (const [about, bytes] of wrong) {
    it(`closes, and sends nothing, for ${about} instead of a dialect`, async () => {
      const { stranger, connection, server } = await strangerAtServer(new Echo());
      await stranger.write(bytes);
      const reason = await ending(connection);
      expect(reason.code).toBe("NEGOTIATION_FAILED");
      expect(reason.error).toBeInstanceOf(NegotiationError);
      expect(hex(stranger.bytes)).toBe(hex(GREETING));
      expect([stranger.ended, server.connections.size]).toEqual([true, 0]);
    });
  }

  it("serves what comes with the choice, in one chunk or byte by byte, with or without a version", async () => {
    const all = Buffer.concat([encode("pb", "none"), encodeAll([["version", 6], call(1), call(2)])]);
    const unversioned = Buffer.concat([encode("pb", "none"), encodeAll([call(1), call(2)])]);
    for (const [bytes, size] of [[all, all.length] as const, [all, 1] as const, [unversioned, 3] as const]) {
      const { stranger } = await strangerAtServer(new Echo());
      await stranger.write(bytes, size);
      expect(stranger.heard()).toEqual([
        ["answer", 1, 5],
        ["answer", 2, 5],
      ]);
    }
  });

  it("closes when nothing sensible came within the handshake timeout", async () => {
    // 64 bytes below 0x80 are no error yet: Twisted would wait for ever (spec §2.8).
    for (const bytes of [new Uint8Array(0), Buffer.from("GET / HTTP/1.1\r\n\r\n"), unhex("02"), unhex("0282")]) {
      const clock = new ManualClock();
      const { stranger, connection } = await strangerAtServer(new Echo(), { clock });
      await stranger.write(bytes);
      clock.advance(9_999);
      expect(await isOpen(connection)).toBe(true);
      clock.advance(1);
      const reason = await ending(connection);
      expect(reason.code).toBe("HANDSHAKE_TIMEOUT");
      expect(reason.error).toBeInstanceOf(HandshakeTimeout);
    }
  });

  it("has no such timeout once a dialect is chosen, and another one if it is told so", async () => {
    const clock = new ManualClock();
    const { stranger, connection } = await strangerAtServer(new Echo(), { clock, handshakeTimeout: 50 });
    await stranger.agree();
    clock.advance(1_000_000);
    expect(await isOpen(connection)).toBe(true);
    const late = await strangerAtServer(new Echo(), { clock, handshakeTimeout: 50 });
    clock.advance(50);
    expect(await ending(late.connection)).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  });
});

describe("spec §2.9: a client", () => {
  it("says nothing before it is greeted", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.quiet();
    expect(stranger.bytes.length).toBe(0);
    stranger.close();
    await expect(connected).rejects.toThrow();
  });

  const choices: [string, Sexp, string][] = [
    ["the usual list", ["pb", "none"], "pb"],
    ["an extra dialect in front", ["ts-binary-1", "pb", "none"], "pb"],
    ["unknown dialects in front", ["x", "y", "none"], "none"],
    ["the server's order, not its own", ["none", "pb"], "none"],
    ["a list of one", ["pb"], "pb"],
    ["an integer among them", [1, "pb"], "pb"],
    ["lists and floats among them", [["pb"], [], new Real(1.5), "none"], "none"],
    ["the same twice", ["none", "none"], "none"],
  ];
  for (const [about, greeting, choice] of choices) {
    it(`takes the first that it knows: ${about}`, async () => {
      const { stranger, connected } = strangerAtClient();
      await stranger.write(encode(greeting, "none"));
      expect((await connected).dialect).toBe(choice);
      const version = choice === "pb" ? VERSION : VERSION_SPELLED_OUT;
      expect(hex(stranger.bytes)).toBe(hex(encode(choice, "none")) + version);
    });
  }

  it("refuses a downgrade if it was told to know pb7 alone", async () => {
    const { stranger, connected } = strangerAtClient({ dialects: [pb7] });
    await stranger.write(GREETING);
    await expect(connected).rejects.toThrow(NegotiationError);
    expect([stranger.bytes.length, stranger.ended]).toEqual([0, true]);
  });

  it("knows what it is told to know", async () => {
    const first = strangerAtClient({ dialects: [none] });
    await first.stranger.write(GREETING);
    expect((await first.connected).dialect).toBe("none");
    const second = strangerAtClient({ dialects: [pb, other] });
    await second.stranger.write(encode(["ts-binary-1", "pb", "none"], "none"));
    expect((await second.connected).dialect).toBe("ts-binary-1");
  });

  const wrong: [string, Uint8Array][] = [
    ["no dialect that it knows", encode(["x", "y"], "none")],
    ["an empty list", encode([], "none")],
    ["a string", encode("pb", "none")],
    ["an integer", encode(5, "none")],
    ["a float", encode(new Real(5), "none")],
    ["words of the vocabulary", unhex("01801087")],
    ["illegal bytes", unhex("0199")],
    ["a banner of another protocol", Buffer.from(`220 mail.example.org ESMTP ${"x".repeat(80)}\r\n`)],
    ["a list that never ends", unhex("7f7f7f80")],
  ];
  for (const [about, bytes] of wrong) {
    it(`gives up and says nothing when it is greeted with ${about}`, async () => {
      const { stranger, connected } = strangerAtClient();
      await stranger.write(bytes);
      await expect(connected).rejects.toThrow(NegotiationError);
      expect([stranger.bytes.length, stranger.ended]).toEqual([0, true]);
    });
  }

  it("gives up when the greeting does not come in time", async () => {
    const clock = new ManualClock();
    const { stranger, connected } = strangerAtClient({ clock });
    await stranger.write(GREETING.subarray(0, 5));
    clock.advance(10_000);
    await expect(connected).rejects.toThrow(HandshakeTimeout);
  });

  it("sends its first call without another round trip", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const { root } = await connected;
    const answer = root.callRemote("echo", 5);
    await stranger.quiet();
    expect(stranger.heard()).toEqual([call(1)]);
    await stranger.say(["answer", 1, 7]);
    await expect(answer).resolves.toBe(7);
  });

  it("takes what comes with the greeting, byte by byte too", async () => {
    const { stranger, connected } = strangerAtClient();
    const more = encodeAll([
      ["version", 6],
      ["message", 1, "nothing", "x", 1, ["tuple"], ["dictionary"]],
    ]);
    await stranger.write(Buffer.concat([GREETING, more]), 1);
    expect((await connected).dialect).toBe("pb");
    expect(stranger.heard()).toEqual([["error", 1, expect.anything()]]);
  });

  it("never writes a word of the vocabulary in dialect none", async () => {
    const { stranger, connected } = strangerAtClient();
    stranger.dialect = "none";
    await stranger.write(encode(["none"], "none"));
    const { root } = await connected;
    const settled = root.callRemote("login", "list", [new Uint8Array(Buffer.from("remote"))]).catch(() => {});
    await stranger.quiet();
    const list: Sexp = ["tuple", ["unicode", "list"], ["list", "remote"]];
    expect(stranger.heard()).toEqual([["message", 1, "root", "login", 1, list, ["dictionary"]]]);
    stranger.close();
    await settled;
  });
});
