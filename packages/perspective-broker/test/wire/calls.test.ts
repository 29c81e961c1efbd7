// Calls, answers and errors as messages: the rows of the tables of spec §4.3 to §4.5.
import { describe, expect, it } from "vitest";
import { InsecureJelly, RemoteError } from "../../src/index.ts";
import { turnOver } from "../support/ends.ts";
import { agreed, call, errorTo, expectClosed, expectOpen, NONE } from "./support/conversation.ts";
import { Echo } from "./support/echo.ts";
import { encode, hex, Real, type Sexp, unicode } from "./support/elements.ts";
import { ending, GREETING, isOpen, strangerAtClient } from "./support/stranger.ts";

describe("spec §4.3: message", () => {
  it("echoes whatever the request id is", async () => {
    const ids: Sexp[] = [0, -1, 1, 2 ** 31, 2n ** 100n, -(2n ** 100n), "text", "", "\xff", "message"];
    const heard = await expectOpen(...ids.map((id) => call(id, 1)));
    expect(heard).toEqual(ids.map((id) => ["answer", id, 1]));
  });

  it("closes where it cannot: a list or a float as request id", async () => {
    await expectClosed(encode(call(["list"], 1)), "PROTOCOL_ERROR");
    await expectClosed(encode(call(new Real(1), 1)), "PROTOCOL_ERROR");
  });

  it("answers Invalid Object ID for an object that is not there", async () => {
    const targets: Sexp[] = [1, 4711, 0, -1, 2n ** 70n, "nosuch", "", "Root", "__proto__", new Real(1), ["list"]];
    const heard = await expectOpen(...targets.map((t, i): Sexp => ["message", i, t, "echo", 1, ["tuple", 1], NONE]));
    for (const i of targets.keys()) {
      expect(errorTo(heard, i)).toEqual({ type: "twisted.spread.pb.Error", value: "Invalid Object ID" });
    }
  });

  it("closes for a name that is not UTF-8, of the object or of the method", async () => {
    await expectClosed(encode(["message", 1, "\xff", "echo", 1, ["tuple"], NONE]), "PROTOCOL_ERROR");
    await expectClosed(encode(["message", 1, "root", "\xff", 1, ["tuple"], NONE]), "PROTOCOL_ERROR");
  });

  it("closes for a method that is no byte string", async () => {
    for (const method of [1, unicode("echo"), [], new Real(1), ["None"]] as Sexp[]) {
      await expectClosed(encode(["message", 1, "root", method, 1, ["tuple"], NONE]), "PROTOCOL_ERROR");
    }
  });

  it("answers NoSuchMethod for a method that is not there", async () => {
    const methods = ["nosuch", "", "remote_echo", "constructor", "__proto__", "toString", "callRemote", "rootObject"];
    const heard = await expectOpen(...methods.map((m, i): Sexp => ["message", i, "root", m, 1, ["tuple"], NONE]));
    for (const [i, method] of methods.entries()) {
      const type = "twisted.spread.flavors.NoSuchMethod";
      expect(errorTo(heard, i)).toEqual({ type, value: `No such method: remote_${method}` });
    }
  });

  it("takes the flag by its truth value", async () => {
    const truths: [Sexp, boolean][] = [
      [1, true],
      [2, true],
      [-1, true],
      [2n ** 80n, true],
      ["x", true],
      [["list"], true],
      [new Real(0.5), true],
      [0, false],
      ["", false],
      [[], false],
      [new Real(0), false],
    ];
    const heard = await expectOpen(
      ...truths.map(([flag], i): Sexp => ["message", i, "root", "echo", flag, ["tuple", i], NONE]),
    );
    expect(heard).toEqual(truths.flatMap(([, wanted], i) => (wanted ? [["answer", i, i]] : [])));
  });

  it("takes [list …] for the arguments, too", async () => {
    expect(await expectOpen(["message", 1, "root", "all", 1, ["list", 1, "a"], NONE])).toEqual([
      ["answer", 1, ["list", 1, "a"]],
    ]);
  });

  it("answers with an error when the arguments are no sequence, or no form at all", async () => {
    const wrong: Sexp[] = [
      [],
      ["None"],
      1,
      "x",
      ["dictionary"],
      ["set", 1],
      unicode("x"),
      [1],
      [[]],
      ["\xff"],
      ["tuple", []],
    ];
    const heard = await expectOpen(...wrong.map((args, i): Sexp => ["message", i, "root", "all", 1, args, NONE]));
    for (const i of wrong.keys()) expect(errorTo(heard, i).type).toMatch(/^builtins\.(ValueError|TypeError)$/);
  });

  it("answers with an error when the keywords are no dictionary of texts", async () => {
    const wrong: Sexp[] = [
      [],
      ["None"],
      ["list"],
      1,
      "x",
      ["dictionary", 1],
      ["dictionary", [1, 2]],
      ["dictionary", ["a"]],
      ["dictionary", ["a", 1, 2]],
      ["dictionary", [["tuple"], 1]],
      ["dictionary", ["\xff", 1]],
    ];
    const heard = await expectOpen(...wrong.map((kw, i): Sexp => ["message", i, "root", "all", 1, ["tuple"], kw]));
    for (const i of wrong.keys()) expect(errorTo(heard, i).type).toMatch(/^builtins\.(ValueError|TypeError)$/);
  });

  it("takes keyword names as texts, and as the byte strings of Python 2, also mixed", async () => {
    const long = "n".repeat(300);
    class Names extends Echo {
      remote_names(keywords: { names: string[] }): string[] {
        return keywords.names;
      }
    }
    const { stranger } = await agreed(new Names());
    const pair = (name: Sexp): Sexp => [name, 1];
    const ask = (id: number, ...names: Sexp[]): Sexp => {
      return ["message", id, "root", "names", 1, ["tuple"], ["dictionary", ...names.map(pair)]];
    };
    await stranger.say(
      ask(1, unicode("fünf"), unicode("__proto__")),
      ask(2, "gr\xc3\xbc\xc3\x9f", long),
      ask(3, "b", unicode("u")),
    );
    expect(stranger.heard()).toEqual([
      ["answer", 1, ["list", unicode("fünf"), unicode("__proto__")]],
      ["answer", 2, ["list", unicode("grüß"), unicode(long)]],
      ["answer", 3, ["list", unicode("b"), unicode("u")]],
    ]);
  });

  it("without a wish for an answer is never answered, whatever happens", async () => {
    const silent = (target: Sexp, method: Sexp, args: Sexp): Sexp => ["message", 1, target, method, 0, args, NONE];
    const heard = await expectOpen(
      silent("root", "echo", ["tuple", 1]),
      silent("root", "nosuch", ["tuple"]),
      silent("nosuch", "x", ["tuple"]),
      silent("root", "call", ["tuple", 1]),
      silent("root", "echo", ["None"]),
    );
    expect(heard).toEqual([]);
  });

  it("runs in order of arrival, and args and keywords are runs of their own", async () => {
    const { stranger, root } = await agreed();
    const shared: Sexp = ["reference", 1, ["list", 1]];
    await stranger.say(
      ["message", 1, "root", "note", 0, ["tuple", shared, ["dereference", 1]], ["dictionary", [unicode("a"), shared]]],
      ["message", 2, "root", "note", 0, ["tuple", 2], NONE],
    );
    const [[a, b, keywords], second] = root.noted as any;
    expect(a).toBe(b);
    expect(keywords.get("a")).toEqual([1]);
    expect(keywords.get("a")).not.toBe(a);
    expect(second).toEqual([2]);
  });

  it("as a real first call looks, byte by byte", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const settled = (await connected).root.callRemote("echo", null).catch(() => {});
    await stranger.quiet();
    expect(stranger.frames().map(hex)).toEqual([
      "028013870681",
      `07801a8701810482${Buffer.from("root").toString("hex")}0482${Buffer.from("echo").toString("hex")}018102800b870180018701800587`,
    ]);
    stranger.close();
    await settled;
  });
});

describe("spec §4.4 and §4.5: answer and error", () => {
  async function waiting(): Promise<{
    stranger: ReturnType<typeof strangerAtClient>["stranger"];
    answer: Promise<unknown>;
    open: () => Promise<boolean>;
  }> {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const connection = await connected;
    const answer = connection.root.callRemote("echo");
    answer.catch(() => {});
    await stranger.quiet();
    return { stranger, answer, open: () => isOpen(connection) };
  }

  it("an answer that cannot be decoded fails its call, and the connection stays (§12.1)", async () => {
    const rows: [Sexp, string][] = [
      [["copy", 1], "INSECURE_JELLY"],
      [["pbpeer.Unregistered", ["dictionary"]], "INSECURE_JELLY"],
      [["class", "os.system"], "INSECURE_JELLY"],
      [[], "MALFORMED_VALUE"],
      [["unicode", "\xff"], "MALFORMED_VALUE"],
      [["list", ["dereference", 3]], "MALFORMED_VALUE"],
      [["cached", 1], "MALFORMED_VALUE"],
    ];
    for (const [value, code] of rows) {
      const { stranger, answer, open } = await waiting();
      await stranger.say(["answer", 1, value]);
      await expect(answer).rejects.toMatchObject({ code });
      expect(await open()).toBe(true);
    }
  });

  it("gives back every reference of an answer that cannot be decoded, also those behind the mistake", async () => {
    const { stranger, answer, open } = await waiting();
    const inner: Sexp = [
      "dictionary",
      [unicode("remote"), 5],
      ["remote", 6],
      [
        ["remote", 4],
        ["remote", 1],
      ],
    ];
    await stranger.say([
      "answer",
      1,
      ["list", ["remote", 1], ["remote", 2], ["remote", 1], ["copy", ["remote", 3]], inner],
    ]);
    await expect(answer).rejects.toThrow(InsecureJelly);
    const given = stranger.heard().filter((message: any) => message[0] === "decref") as [string, number][];
    expect(given.map(([, id]) => id).sort()).toEqual([1, 1, 1, 2, 3, 4]);
    expect(await open()).toBe(true);
  });

  it("an answer may send objects home; an id that was never given out closes", async () => {
    for (const [value, code] of [[["local", 1], "UNKNOWN_ID"] as const, [["local", 0], "UNKNOWN_ID"] as const]) {
      const { stranger, connected } = strangerAtClient();
      await stranger.write(GREETING);
      const connection = await connected;
      const answer = connection.root.callRemote("echo");
      const settled = expect(answer).rejects.toMatchObject({ code: "CONNECTION_LOST", reason: { code } });
      await stranger.say(["answer", 1, value]);
      expect(await ending(connection)).toMatchObject({ code });
      await settled;
    }
  });

  it("but a name that is not published fails the call alone", async () => {
    const { stranger, answer, open } = await waiting();
    await stranger.say(["answer", 1, ["local", "nosuch"]]);
    await expect(answer).rejects.toMatchObject({ code: "MALFORMED_VALUE" });
    expect(await open()).toBe(true);
  });

  it("answers may come in any order", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const { root } = await connected;
    const answers = [1, 2, 3].map((n) => root.callRemote("echo", n));
    const settled = Promise.allSettled(answers);
    await stranger.say(["answer", 3, "c"], ["answer", 1, unicode("a")], ["error", 2, ["None"]]);
    expect(await settled).toEqual([
      { status: "fulfilled", value: "a" },
      { status: "rejected", reason: expect.any(RemoteError) },
      { status: "fulfilled", value: new Uint8Array(Buffer.from("c")) },
    ]);
  });

  it("an error that cannot be decoded fails its call with what is wrong with it", async () => {
    const { stranger, answer, open } = await waiting();
    await stranger.say(["error", 1, ["pbpeer.Unknown", ["dictionary"]]]);
    await expect(answer).rejects.toThrow("Module pbpeer not allowed (in type pbpeer.Unknown).");
    expect(await open()).toBe(true);
  });

  it("a result that cannot be sent is an error answer, sooner or later (§12.2)", async () => {
    class Unsendable extends Echo {
      remote_now(): unknown {
        return new Uint8Array(640 * 1024 + 1);
      }
      async remote_later(): Promise<unknown> {
        await turnOver();
        return 2n ** 448n;
      }
      remote_function(): unknown {
        return () => 1;
      }
    }
    const { stranger } = await agreed(new Unsendable());
    const ask = (id: number, method: string): Sexp => ["message", id, "root", method, 1, ["tuple"], NONE];
    await stranger.say(ask(1, "now"), ask(2, "later"), ask(3, "function"), ask(4, "getTwo"));
    const heard = stranger.heard();
    expect(errorTo(heard, 1).type).toBe("twisted.spread.banana.BananaError");
    expect(errorTo(heard, 2).type).toBe("twisted.spread.banana.BananaError");
    expect(errorTo(heard, 3).type).toBe("builtins.TypeError");
    expect(heard).toContainEqual(["answer", 4, ["remote", 1]]);
  });
});
