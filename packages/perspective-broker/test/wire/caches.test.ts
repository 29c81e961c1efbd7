// The messages about caches, and what a malformed one does: the rows of spec §4.7 and §4.8, and of §4.2 that concern them. What
// caches do for an application is in test/flavors.
import { describe, expect, it } from "vitest";
import { RemoteStock, Stock } from "../peers/wire-caches.ts";
import { wireClasses } from "../peers/wire-classes.ts";
import { errorTo, expectClosed, NONE } from "./support/conversation.ts";
import { Echo } from "./support/echo.ts";
import { encode, Real, type Sexp, unicode } from "./support/elements.ts";
import { type AtServer, ending, GREETING, isOpen, strangerAtClient, strangerAtServer } from "./support/stranger.ts";

const STATE: Sexp = ["dictionary", [unicode("name"), unicode("ACME")], [unicode("price"), 10]];
const call = (id: Sexp, method: string, ...args: Sexp[]): Sexp => {
  return ["message", id, "root", method, 1, ["tuple", ...args], NONE];
};
const tell = (id: Sexp, cache: Sexp, method: Sexp, ...args: Sexp[]): Sexp => {
  return ["cachemessage", id, cache, method, 1, ["tuple", ...args], NONE];
};

/** Both ends; the server knows the classes of the vectors. */
async function agreed(): Promise<AtServer & { root: Echo }> {
  const root = new Echo();
  const at = await strangerAtServer(root, { registry: wireClasses() });
  await at.stranger.agree();
  return { ...at, root };
}

/** The same, and the server holds the stranger's cache 7. */
async function holding(): Promise<AtServer & { root: Echo; held: RemoteStock }> {
  const at = await agreed();
  await at.stranger.say(call(1, "note", ["pbpeer.Stock", 7, STATE]));
  const [[held] = []] = at.root.noted;
  expect(held).toBeInstanceOf(RemoteStock);
  return { ...at, held: held as RemoteStock };
}

describe("spec §4.7: cachemessage", () => {
  it("runs the observe_ method and answers, whatever the request id is", async () => {
    const { stranger, held } = await holding();
    const ids: Sexp[] = [0, 2n ** 100n, "text", "\xff"];
    await stranger.say(...ids.map((id, i) => tell(id, 7, "price", 11 + i)));
    expect(stranger.heard().slice(1)).toEqual(ids.map((id, i) => ["answer", id, 11 + i]));
    expect([held.price, held.seen]).toEqual([14, [11, 12, 13, 14]]);
  });

  it("without a wish for an answer gets none, nor an error", async () => {
    const { stranger, held } = await holding();
    await stranger.say(["cachemessage", 2, 7, "price", 0, ["tuple", 11], NONE]);
    await stranger.say(["cachemessage", 3, 7, "nosuch", 0, ["tuple"], NONE]);
    await stranger.say(["cachemessage", 4, 8, "price", 0, ["tuple", 11], NONE]);
    expect(stranger.heard().length).toBe(1);
    expect(held.seen).toEqual([11]);
  });

  it("to what is no cache here is a KeyError, and closes nothing", async () => {
    const { stranger, connection } = await holding();
    const rows: [Sexp, string][] = [
      [8, "8"],
      [0, "0"],
      [-7, "-7"],
      [2n ** 53n, "9007199254740992"],
      ["7", "7"],
      ["root", "root"],
      ["__proto__", "__proto__"],
      [new Real(7), "NaN"],
      [["list"], "NaN"],
    ];
    await stranger.say(...rows.map(([target], i) => tell(100 + i, target, "price", 11)));
    const heard = stranger.heard();
    for (const [i, [, value]] of rows.entries()) {
      expect(errorTo(heard, 100 + i)).toEqual({ type: "builtins.KeyError", value });
    }
    expect(await isOpen(connection)).toBe(true);
  });

  it("looks among caches alone, as a message does among objects", async () => {
    const { stranger } = await holding();
    await stranger.say(call(2, "getTwo"), call(3, "getStock"), tell(4, 1, "three", 1));
    expect(errorTo(stranger.heard(), 4)).toMatchObject({ type: "builtins.KeyError" });
    for (const [id, target] of [2, 7].entries()) {
      await stranger.say(["message", 10 + id, target, "price", 1, ["tuple", 1], NONE]);
      expect(errorTo(stranger.heard(), 10 + id).value).toBe("Invalid Object ID");
    }
  });

  it("for a method that is not there is an AttributeError", async () => {
    const { stranger } = await holding();
    const methods = ["nosuch", "", "observe_price", "constructor", "__proto__", "setCopyableState", "release"];
    await stranger.say(...methods.map((method, i) => tell(100 + i, 7, method)));
    for (const [i, method] of methods.entries()) {
      const { type, value } = errorTo(stranger.heard(), 100 + i);
      expect(type).toBe("builtins.AttributeError");
      expect(value).toBe(`'RemoteStock' object has no attribute 'observe_${method}'`);
    }
  });

  it("with arguments that cannot be decoded is answered with the error, and what came with them is given back", async () => {
    const { stranger } = await holding();
    const rows: [Sexp, string][] = [
      [["None"], "builtins.ValueError"],
      [["tuple", ["copy"]], "twisted.spread.jelly.InsecureJelly"],
      [["tuple", ["pbpeer.Stock", 8, ["copy"]]], "twisted.spread.jelly.InsecureJelly"],
    ];
    await stranger.say(...rows.map(([args], i): Sexp => ["cachemessage", 100 + i, 7, "price", 1, args, NONE]));
    const heard = stranger.heard();
    for (const [i, [, type]] of rows.entries()) expect(errorTo(heard, 100 + i).type).toBe(type);
    expect(heard).toContainEqual(["decache", 8]);
  });

  it("that is malformed closes", async () => {
    const rows: Sexp[] = [
      ["cachemessage", ["list"], 7, "price", 1, ["tuple"], NONE],
      ["cachemessage", new Real(1), 7, "price", 1, ["tuple"], NONE],
      ["cachemessage", 1, 7, "\xff", 1, ["tuple"], NONE],
      ["cachemessage", 1, "\xff", "price", 1, ["tuple"], NONE],
      ["cachemessage", 1, 7, 5, 1, ["tuple"], NONE],
      ["cachemessage", 1, 7, unicode("price"), 1, ["tuple"], NONE],
    ];
    for (const row of rows) await expectClosed(encode(row), "PROTOCOL_ERROR");
  });

  it("of ours counts its requests together with messages, and awaits an ordinary answer", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const connection = await connected;
    const stock = new Stock("ACME", 10);
    const taken = connection.root.callRemote("take", stock);
    const told = stock.setPrice(11);
    const echoed = connection.root.callRemote("echo", 5);
    await stranger.quiet();
    expect(stranger.heard()).toEqual([
      call(1, "take", ["pbpeer.Stock", 1, STATE]),
      tell(2, 1, "price", 11),
      call(3, "echo", 5),
    ]);
    await stranger.say(["answer", 3, 5], ["answer", 2, 11], ["answer", 1, ["lcache", 1]]);
    expect(await Promise.all([taken, told, echoed])).toEqual([stock, [11], 5]);
  });
});

describe("spec §4.8: decache", () => {
  it("takes one count off; at none the observer is forgotten, and the id is said to be free", async () => {
    const { stranger, connection, root } = await agreed();
    await stranger.say(call(1, "getStock"), call(2, "getStock"));
    expect(stranger.heard()).toEqual([
      ["answer", 1, ["pbpeer.Stock", 1, STATE]],
      ["answer", 2, ["cached", 1]],
    ]);
    expect(connection.inspect().cachesGiven).toEqual([{ id: 1, class: "Stock", count: 2 }]);
    await stranger.say(["decache", 1]);
    expect([stranger.heard().length, root.stock.observers.size]).toEqual([2, 1]);
    await stranger.say(["decache", 1]);
    expect(stranger.heard().slice(2)).toEqual([["uncache", 1]]);
    expect([root.stock.observers.size, root.stock.stopped, connection.inspect().cachesGiven]).toEqual([0, 1, []]);
    await stranger.say(call(3, "getStock"));
    expect(stranger.heard().at(-1)).toEqual(["answer", 3, ["pbpeer.Stock", 2, STATE]]);
  });

  it("of an id that was never given out closes, with a code of its own", async () => {
    for (const id of [0, 1, 2 ** 31, 2n ** 60n]) await expectClosed(encode(["decache", id]), "UNKNOWN_ID");
  });

  it("of what is no id closes", async () => {
    for (const id of [-1, "root", "1", new Real(1), ["list"], []] as Sexp[]) {
      await expectClosed(encode(["decache", id]), "PROTOCOL_ERROR");
    }
  });

  it("once too often, or of an object's id, does nothing, unlike in Twisted", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(call(1, "getStock"), call(2, "getTwo"), ["decache", 1], ["decache", 1], ["decache", 2]);
    expect(stranger.heard().slice(2)).toEqual([["uncache", 1]]);
    expect(connection.inspect().exports).toEqual([{ id: 2, class: "Two", count: 1 }]);
    expect(await isOpen(connection)).toBe(true);
  });

  it("is owed once for each receipt", async () => {
    const { stranger, root, held } = await holding();
    await stranger.say(call(2, "note", ["cached", 7], ["cached", 7]));
    expect(root.noted[1]).toEqual([held, held]);
    for (let i = 0; i < 5; i++) held.release();
    await stranger.quiet();
    expect(stranger.heard().slice(2)).toEqual([
      ["decache", 7],
      ["decache", 7],
      ["decache", 7],
    ]);
  });
});

describe("spec §4.8: uncache", () => {
  it("is the end of a copy: its place is free", async () => {
    const { stranger, connection, held } = await holding();
    held.release();
    await stranger.quiet();
    expect(connection.inspect().cachesHeld).toEqual([{ id: 7, receipts: 0 }]);
    await stranger.say(["uncache", 7], tell(2, 7, "price", 11));
    expect(connection.inspect().cachesHeld).toEqual([]);
    expect(errorTo(stranger.heard(), 2)).toEqual({ type: "builtins.KeyError", value: "7" });
    expect(held.seen).toEqual([]);
  });

  it("of an id that was never received closes, with a code of its own; again it does nothing", async () => {
    for (const id of [0, 1, 2 ** 31, 2n ** 60n]) await expectClosed(encode(["uncache", id]), "UNKNOWN_ID");
    const { stranger, connection } = await holding();
    await stranger.say(["uncache", 7], ["uncache", 7]);
    expect(await isOpen(connection)).toBe(true);
  });

  it("of what is no id closes", async () => {
    for (const id of [-1, "root", "1", new Real(1), ["list"], []] as Sexp[]) {
      await expectClosed(encode(["uncache", id]), "PROTOCOL_ERROR");
    }
  });
});

describe("spec §3.4, §6.5: caches in values", () => {
  it("[cached n] of what was never sent fails its message, and is given back", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(call(1, "echo", ["cached", 3]));
    expect(errorTo(stranger.heard(), 1)).toEqual({ type: "builtins.KeyError", value: "3" });
    expect(stranger.heard()[0]).toEqual(["decache", 3]);
    expect(await isOpen(connection)).toBe(true);
  });

  it("[lcache n] is the original, and changes no count", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(call(1, "getStock"), call(2, "isStock", ["lcache", 1]));
    expect(stranger.heard().at(-1)).toEqual(["answer", 2, ["boolean", "true"]]);
    expect(connection.inspect().cachesGiven).toEqual([{ id: 1, class: "Stock", count: 1 }]);
  });

  it("[lcache n] of what is no cache any more fails its message; of what was never given out it closes", async () => {
    const { stranger, connection } = await agreed();
    await stranger.say(call(1, "getStock"), call(2, "getTwo"), ["decache", 1]);
    await stranger.say(call(3, "echo", ["lcache", 1]), call(4, "echo", ["lcache", 2]));
    for (const id of [1, 2]) {
      expect(errorTo(stranger.heard(), id + 2)).toEqual({ type: "builtins.KeyError", value: String(id) });
    }
    await stranger.say(call(5, "echo", ["lcache", 3]));
    expect(await ending(connection)).toMatchObject({ code: "UNKNOWN_ID" });
  });

  it("ids that are no integers fail their message", async () => {
    const { stranger, connection } = await agreed();
    const ids: Sexp[] = ["root", "1", new Real(1), ["list"], 2n ** 70n];
    const forms = ids.flatMap((id): Sexp[] => [
      ["cached", id],
      ["lcache", id],
      ["pbpeer.Stock", id, STATE],
    ]);
    await stranger.say(...forms.map((form, i) => call(i, "echo", form)));
    for (const i of forms.keys()) expect(errorTo(stranger.heard(), i).type).toBe("builtins.ValueError");
    expect(await isOpen(connection)).toBe(true);
    expect(connection.inspect().cachesHeld).toEqual([]);
  });
});
