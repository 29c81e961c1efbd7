// Ids that were never given: what a peer gets for them. Ids that were given and are gone: what it does not.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  Avatar,
  allowAnonymous,
  type CloseReason,
  type LogRecord,
  listen,
  Portal,
  Referenceable,
  type Server,
} from "../../src/index.ts";
import { Counter, cachemessage, dictionary, failure, message, NONE, Stock, shop, text } from "../support/flavors.ts";
import { type RawPeer, rawClient, type Term } from "../support/raw-peer.ts";

let places = 0;

class Thing extends Referenceable {
  readonly calls: unknown[] = [];
  remote_touch(value: unknown) {
    this.calls.push(value);
    return "touched";
  }
}

/** A server that gave this peer a reference (1), a cache (2), and later both back (3, 4 are gone). */
async function place() {
  const counter = new Counter();
  const logged: LogRecord[] = [];
  const server = await listen(counter, `memory://hostile-${++places}`, {
    ...{ registry: shop(), log: (record: LogRecord) => void logged.push(record) },
  });
  onTestFinished(() => server.close());
  const peer = await rawClient(server);
  const [thing, stock, pastThing, pastStock] = [new Thing(), new Stock(), new Thing(), new Stock()];
  counter.given = [thing, stock, pastThing, pastStock];
  peer.says(message(1, "root", "get"));
  expect(await peer.hears()).toEqual([
    "answer",
    1,
    [
      "list",
      ["remote", 1],
      ["shop.Stock", 2, dictionary({ price: 10 })],
      ["remote", 3],
      ["shop.Stock", 4, dictionary({ price: 10 })],
    ],
  ]);
  peer.says(["decref", 3], ["decache", 4]);
  expect(await peer.hears()).toEqual(["uncache", 4]);
  const reasons: CloseReason[] = [];
  server.on("disconnection", ({ reason }) => reasons.push(reason));
  return { server, peer, counter, reasons, logged, ...{ thing, stock, pastThing, pastStock } };
}

async function closedWith(code: string, terms: Term[], atMost: readonly string[] = []) {
  const { peer, reasons, thing, stock } = await place();
  peer.says(...terms, message(9, 1, "touch", 1));
  await peer.hangsUp();
  expect(reasons.map((reason) => reason.code)).toEqual([code]);
  expect(reasons[0]?.message).not.toBe("");
  // Nothing was said to it, and what it sent afterwards was not done.
  expect((await peer.hearsAll()).map((term) => (term as Term[])[0])).toEqual(atMost);
  expect(thing.calls).toEqual([]);
  expect(stock.stopped).toHaveLength(1);
}

describe("an id that was never given ends the connection, with a reason, and gets nothing", () => {
  it.each<[string, Term]>([
    ["decref", ["decref", 99]],
    ["decref of 0", ["decref", 0]],
    ["decref of a huge one", ["decref", 2n ** 80n]],
    ["decache", ["decache", 99]],
    ["decache of 0", ["decache", 0]],
    ["uncache", ["uncache", 5]],
    ["uncache of 0", ["uncache", 0]],
    ["lcache, in arguments", message(2, "root", "take", ["lcache", 99])],
    ["lcache, deep in arguments", message(2, "root", "take", ["list", ["dictionary", [1, ["lcache", 99]]]])],
    ["local, in arguments", message(2, "root", "take", ["local", 99])],
    ["lcache of 0", message(2, "root", "take", ["lcache", 0])],
  ])("%s", async (_what, term) => {
    const { peer, reasons } = await place();
    peer.says(term, message(9, 1, "touch", 1));
    await peer.hangsUp();
    expect(reasons).toHaveLength(1);
    expect(["UNKNOWN_ID", "PROTOCOL_ERROR"]).toContain(reasons[0]?.code);
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("an answer to a call that was never made", () => closedWith("PROTOCOL_ERROR", [["answer", 1, NONE]]));
  it("an error to a call that was never made", () => closedWith("PROTOCOL_ERROR", [["error", 1, NONE]]));
  it("a decref of a name", () => closedWith("UNKNOWN_ID", [["decref", "root"]]));
  it("a decache of a name", () => closedWith("PROTOCOL_ERROR", [["decache", "root"]]));
  it("a negative decache", () => closedWith("PROTOCOL_ERROR", [["decache", -1]]));

  it("a second answer to the same call, and an answer of a cache message to nobody", async () => {
    const { peer, reasons, stock } = await place();
    const told = stock.setPrice(1);
    expect(await peer.hears()).toEqual(cachemessage(1, 2, "price", [1]));
    peer.says(["answer", 1, 1], ["answer", 1, 1]);
    await peer.hangsUp();
    expect(await told).toEqual([{ status: "fulfilled", value: 1 }]);
    expect(reasons.map(({ code }) => code)).toEqual(["PROTOCOL_ERROR"]);
  });
});

describe("an id that was given and is gone", () => {
  it.each<[string, Term]>([
    ["decref", ["decref", 3]],
    ["decache", ["decache", 4]],
    ["decref of a cache's id", ["decref", 2]],
    ["decache of a reference's id", ["decache", 1]],
  ])("%s is let pass, and changes nothing", async (_what, term) => {
    const { peer, server, stock, pastStock } = await place();
    peer.says(term, term, message(2, "root", "echo", 5));
    expect(await peer.hearsAll()).toEqual([["answer", 2, 5]]);
    const [connection] = server.connections;
    expect(connection?.inspect()).toMatchObject({ exports: [{ id: 1, count: 1 }], cachesGiven: [{ id: 2, count: 1 }] });
    expect([stock.stopped.length, pastStock.stopped.length]).toEqual([0, 1]);
  });

  it.each<[string, Term, string]>([
    ["lcache", ["lcache", 4], "builtins.KeyError"],
    ["lcache of a reference's id", ["lcache", 1], "builtins.KeyError"],
    ["local", ["local", 3], "builtins.ValueError"],
    ["local of a cache's id", ["local", 2], "builtins.ValueError"],
  ])("%s fails that message and no other", async (_what, form, type) => {
    const { peer } = await place();
    peer.says(message(2, "root", "take", form), message(3, "root", "echo", 5));
    const heard = await peer.hearsAll();
    expect(failure(heard[0] as Term)).toMatchObject({ request: 2, type });
    expect(heard[1]).toEqual(["answer", 3, 5]);
  });

  it("a call of it is answered with Invalid Object ID, and so is a call of a cache's id", async () => {
    const { peer, stock } = await place();
    peer.says(message(2, 3, "touch", 1), message(3, 2, "price", 1), message(4, 99, "touch", 1), message(5, -1, "x"));
    const heard = (await peer.hearsAll()).map(failure);
    expect(heard).toHaveLength(4);
    for (const { text } of heard) expect(text).toBe("Invalid Object ID");
    expect(stock.price).toBe(10);
  });

  it("an error answer to an observer's message, from a peer that lost the cache, fails that message", async () => {
    const { peer, stock } = await place();
    const told = stock.setPrice(1);
    await peer.hears();
    peer.says([
      "error",
      1,
      ["twisted.spread.pb.CopyableFailure", dictionary({ type: "builtins.KeyError", value: text("2") })],
    ]);
    expect(await told).toMatchObject([{ status: "rejected", reason: { type: "builtins.KeyError" } }]);
  });
});

describe("§4.7 a cachemessage", () => {
  it("to a cache that was never given is answered with a KeyError, and does nothing else", async () => {
    const { peer, logged } = await place();
    peer.says(
      cachemessage(2, 77, "price", [1]),
      cachemessage(3, 1, "price", [1]),
      cachemessage(4, 77, "price", [1], 0),
    );
    expect((await peer.hearsAll()).map(failure)).toEqual([
      { request: 2, type: "builtins.KeyError", text: "77" },
      { request: 3, type: "builtins.KeyError", text: "1" },
    ]);
    expect(logged.every(({ level }) => level === "debug")).toBe(true);
  });

  it("gives back what came with it", async () => {
    const { peer } = await place();
    peer.says(
      cachemessage(2, 77, "price", [
        ["remote", 5],
        ["shop.Stock", 6, dictionary({})],
      ]),
    );
    const heard = await peer.hearsAll();
    expect(heard.slice(0, 2)).toEqual([
      ["decref", 5],
      ["decache", 6],
    ]);
    expect(failure(heard[2] as Term).text).toBe("77");
  });
});

describe("[cached L] of a cache that was never given", () => {
  it("fails that message, and is given back", async () => {
    const { peer } = await place();
    peer.says(message(2, "root", "take", ["cached", 50]));
    const heard = await peer.hearsAll();
    expect(heard[0]).toEqual(["decache", 50]);
    expect(failure(heard[1] as Term)).toEqual({ request: 2, type: "builtins.KeyError", text: "50" });
  });

  it("the same luid for two caches: the second is refused", async () => {
    const { peer, counter } = await place();
    const form: Term = ["shop.Stock", 50, dictionary({ price: 1 })];
    peer.says(message(2, "root", "take", form), message(3, "root", "take", form));
    const heard = await peer.hearsAll();
    expect(heard[0]).toEqual(["answer", 2, 1]);
    expect(heard[1]).toEqual(["decache", 50]);
    expect(failure(heard[2] as Term).request).toBe(3);
    expect(counter.taken).toHaveLength(1);
  });
});

class Vault extends Avatar {
  readonly secrets: Thing[] = [];
  readonly arrived: unknown[] = [];
  readonly stock = new Stock();
  perspective_secret() {
    const thing = new Thing();
    this.secrets.push(thing);
    return thing;
  }
  perspective_stock() {
    return this.stock;
  }
  perspective_take(value: unknown) {
    this.arrived.push(value);
    return this.secrets.includes(value as Thing) ? "mine" : "not mine";
  }
}

describe("avatars on different connections never reach each other's references", () => {
  const OWN = 3; // ids up to this one were given on each connection

  async function users(count: number, connections: number) {
    const vaults: Vault[] = [];
    const requestAvatar = () => {
      const avatar = new Vault();
      vaults.push(avatar);
      return { avatar };
    };
    const portal = new Portal({ requestAvatar }, { checkers: [allowAnonymous()], log: () => {} });
    const server: Server = await listen(portal, `memory://vaults-${++places}`, { log: () => {}, registry: shop() });
    onTestFinished(() => server.close());
    const peers: RawPeer[] = [];
    for (let i = 0; i < connections; i++) peers.push(await rawClient(server));
    for (const peer of peers) {
      for (let i = 0; i < count; i++) {
        peer.says(message(1, "root", "loginAnonymous", NONE));
        const [, , [, id]] = (await peer.hears()) as [string, number, [string, number]];
        peer.says(message(2, id, "secret"), message(3, id, "stock"));
        expect(await peer.hearsAll()).toHaveLength(2);
      }
    }
    return { server, vaults, peers };
  }

  it("by calling every id", async () => {
    const { vaults, peers } = await users(1, 2);
    const [alice, mallory] = peers as [RawPeer, RawPeer];
    for (let id = -3; id < 300; id++) mallory.says(message(id + 1000, id, "touch", id));
    const heard = await mallory.hearsAll();
    const touched = heard.filter((term) => (term as Term[])[0] === "answer");
    expect(touched).toEqual([["answer", 1002, text("touched")]]); // her own
    expect(vaults[1]?.secrets[0]?.calls).toEqual([2]);
    expect(vaults[0]?.secrets[0]?.calls).toEqual([]);
    expect(await alice.hearsAll()).toEqual([]);
  });

  it.each(["local", "lcache"])("by sending every id home as [%s id]", async (form) => {
    const { vaults, server } = await users(1, 1);
    for (let id = 0; id < 40; id++) {
      const mallory = await rawClient(server);
      mallory.says(message(1, "root", "loginAnonymous", NONE));
      await mallory.hears();
      const vault = vaults.at(-1) as Vault;
      mallory.says(message(2, 1, "take", [form, id]));
      await mallory.hearsAll();
      // Her own avatar's reference is all that there is at her connection.
      for (const value of vault.arrived) expect(value).toMatchObject({ avatar: vault });
      expect(mallory.ended).toBe(id === 0 || id > 1);
    }
    expect(vaults[0]?.arrived).toEqual([]);
  });

  it("by giving every id back: nobody else loses anything", async () => {
    const { server, vaults } = await users(1, 1);
    const [alice] = server.connections;
    const before = alice?.inspect();
    for (let id = 0; id < 10; id++) {
      for (const command of ["decref", "decache", "uncache"]) {
        const mallory = await rawClient(server);
        mallory.says([command, id]);
        await mallory.hangsUp();
      }
    }
    expect(alice?.inspect()).toEqual(before);
    expect(vaults[0]?.stock.stopped).toEqual([]);
  });

  it("several avatars on one connection share its table: each can use what another was given", async () => {
    const { vaults, peers } = await users(2, 1);
    const [peer] = peers as [RawPeer];
    // ids: avatar 1, secret 2, cache 3; avatar 4, secret 5, cache 6
    expect(OWN).toBe(3);
    peer.says(message(9, 4, "take", ["local", 2]), message(10, 4, "take", ["local", 5]));
    expect(await peer.hearsAll()).toEqual([
      ["answer", 9, text("not mine")],
      ["answer", 10, text("mine")],
    ]);
    expect(vaults[1]?.arrived).toEqual([vaults[0]?.secrets[0], vaults[1]?.secrets[0]]);
  });

  it("and the receipts of one are those of all: what is given back once too often is gone for both", async () => {
    const { peers, server } = await users(2, 1);
    const [peer] = peers as [RawPeer];
    peer.says(["decref", 2], ["decref", 5]);
    await peer.hearsAll();
    const [connection] = server.connections;
    expect(connection?.inspect().exports.map(({ id }) => id)).toEqual([1, 4]);
  });
});
