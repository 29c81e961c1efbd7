// Ids and counts, seen from a peer that keeps them by hand: what was given out, dropped, given back, and when.
import { describe, expect, it, onTestFinished } from "vitest";
import { type CloseReason, listen, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { rawClient, rawServer, type Term } from "../support/raw-peer.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class One extends Root {
  readonly two = new Two();
  readonly kept: RemoteReference[] = [];
  finish = () => {};
  remote_getTwo() {
    return this.two;
  }
  remote_newTwo() {
    return new Two();
  }
  remote_echo(value: unknown) {
    return value;
  }
  remote_isTwo(value: unknown) {
    return value === this.two;
  }
  remote_keep(reference: RemoteReference) {
    this.kept.push(reference);
  }
  remote_release(reference: RemoteReference) {
    reference.release();
    return "released";
  }
  remote_releaseAndFail(reference: RemoteReference) {
    reference.release();
    throw new RangeError("after the release");
  }
  async remote_releaseLater(reference: RemoteReference) {
    await turnOver();
    reference.release();
    await new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    return "later";
  }
}

let names = 0;

async function met() {
  const root = new One();
  const server = await listen(root, `memory://ids-${++names}`, { log: () => {} });
  onTestFinished(() => server.close());
  const peer = await rawClient(server);
  const [accepted] = server.connections;
  let reason: CloseReason | undefined;
  void accepted?.closed.then((ended) => {
    reason = ended;
  });
  const closes = async (code: string) => {
    await peer.hangsUp();
    await turnOver();
    expect(reason).toMatchObject({ code });
  };
  const inspect = () => accepted?.inspect();
  return { root, peer, closes, inspect };
}

const failure = (id: number, type: unknown, value: unknown = expect.any(String)) => [
  "error",
  id,
  [
    "twisted.spread.pb.CopyableFailure",
    expect.arrayContaining([
      [["unicode", "type"], type],
      [
        ["unicode", "value"],
        ["unicode", value],
      ],
    ]),
  ],
];
const invalidId = (id: number) => failure(id, "twisted.spread.pb.Error", "Invalid Object ID");

describe("an id that was given out", () => {
  it("is called, sent home and given back", async () => {
    const { peer, inspect } = await met();
    peer.calls(1, "root", "getTwo");
    expect(await peer.hears()).toEqual(["answer", 1, ["remote", 1]]);
    peer.calls(2, 1, "three", 5);
    expect(await peer.hears()).toEqual(["answer", 2, 15]);
    peer.calls(3, "root", "isTwo", ["local", 1]);
    expect(await peer.hears()).toEqual(["answer", 3, ["boolean", "true"]]);
    peer.says(["decref", 1]);
    await until(() => inspect()?.exports.length === 0);
  });

  it("is counted each time, also twice in one message", async () => {
    const { peer, inspect } = await met();
    peer.calls(1, "root", "getTwo");
    peer.calls(2, "root", "echo", 1);
    peer.calls(3, "root", "getTwo");
    await peer.hearsAll();
    expect(inspect()?.exports).toEqual([{ id: 1, class: "Two", count: 2 }]);
    peer.says(["decref", 1]);
    await until(() => inspect()?.exports[0]?.count === 1);
    peer.calls(4, 1, "three", 1);
    expect(await peer.hears()).toEqual(["answer", 4, 3]);
  });

  it("is never given out again for another object, nor for the same", async () => {
    const { peer } = await met();
    peer.calls(1, "root", "getTwo");
    expect(await peer.hears()).toEqual(["answer", 1, ["remote", 1]]);
    peer.says(["decref", 1]);
    peer.calls(2, "root", "getTwo");
    expect(await peer.hears()).toEqual(["answer", 2, ["remote", 2]]);
    peer.calls(3, "root", "newTwo");
    expect(await peer.hears()).toEqual(["answer", 3, ["remote", 3]]);
  });
});

describe("an id that was given out and dropped", () => {
  const dropped = async () => {
    const all = await met();
    all.peer.calls(1, "root", "getTwo");
    await all.peer.hears();
    all.peer.says(["decref", 1]);
    await until(() => all.inspect()?.exports.length === 0);
    return all;
  };

  it("may be given back again: that is let pass", async () => {
    const { peer } = await dropped();
    peer.says(["decref", 1], ["decref", 1]);
    peer.calls(2, "root", "echo", 1);
    expect(await peer.hears()).toEqual(["answer", 2, 1]);
  });

  it("that comes home fails that call only", async () => {
    const { peer } = await dropped();
    peer.calls(2, "root", "echo", ["local", 1]);
    expect(await peer.hears()).toEqual(failure(2, "builtins.ValueError"));
    peer.calls(3, "root", "echo", 1);
    expect(await peer.hears()).toEqual(["answer", 3, 1]);
  });

  it("that is called is an Invalid Object ID", async () => {
    const { peer } = await dropped();
    peer.calls(2, 1, "three", 1);
    expect(await peer.hears()).toEqual(invalidId(2));
  });
});

describe("an id above the highest that was given out", () => {
  it.each<[string, Term]>([
    ["given back", ["decref", 2]],
    ["sent home", ["message", 2, "root", "echo", 1, ["tuple", ["list", ["local", 2]]], ["dictionary"]]],
    [
      "sent home by keyword",
      [
        "message",
        2,
        "root",
        "echo",
        1,
        ["tuple"],
        [
          "dictionary",
          [
            ["unicode", "x"],
            ["local", 2],
          ],
        ],
      ],
    ],
    [
      "sent home without asking for an answer",
      ["message", 2, "root", "echo", 0, ["tuple", ["local", 2]], ["dictionary"]],
    ],
  ])("ends the connection with UNKNOWN_ID when it is %s", async (_what, term) => {
    const { peer, closes } = await met();
    peer.calls(1, "root", "getTwo");
    await peer.hears();
    peer.says(term);
    await closes("UNKNOWN_ID");
  });

  it("ends it also in the answer of a server, for a client", async () => {
    const { peer, connection } = await rawServer({ log: () => {} });
    const call = connection.root.callRemote("x");
    await peer.hears();
    peer.says(["answer", 1, ["local", 1]]);
    await expect(call).rejects.toMatchObject({ code: "CONNECTION_LOST", reason: { code: "UNKNOWN_ID" } });
    expect(await connection.closed).toMatchObject({ code: "UNKNOWN_ID" });
  });

  it("is only an Invalid Object ID when it is called", async () => {
    const { peer } = await met();
    peer.calls(1, 1, "three", 1);
    expect(await peer.hears()).toEqual(invalidId(1));
    peer.calls(2, 99, "three", 1);
    expect(await peer.hears()).toEqual(invalidId(2));
  });
});

describe("an object that a server only echoes", () => {
  it("comes home as itself, although the release overtakes the answer (as real Twisted lets it)", async () => {
    const { peer, connection } = await rawServer();
    const two = new Two();
    const call = connection.root.callRemote("echo", two);
    expect(await peer.hears()).toEqual(["message", 1, "root", "echo", 1, ["tuple", ["remote", 1]], ["dictionary"]]);
    peer.says(["decref", 1]);
    peer.says(["answer", 1, ["local", 1]]);
    expect(await call).toBe(two);
    expect(connection.inspect().exports).toEqual([]);
    await connection.close();
  });

  it("can be called until then, and is dropped after it", async () => {
    const { peer, connection } = await rawServer();
    const call = connection.root.callRemote("use", new Two());
    await peer.hears();
    peer.says(["decref", 1]);
    peer.calls(1, 1, "three", 2);
    expect(await peer.hears()).toEqual(["answer", 1, 6]);
    peer.says(["answer", 1, ["None"]]);
    expect(await call).toBeNull();
    peer.calls(2, 1, "three", 2);
    expect(await peer.hears()).toEqual(invalidId(2));
    await connection.close();
  });

  it("is dropped at once when the call wanted no answer", async () => {
    const { peer, connection } = await rawServer();
    connection.root.callRemoteOnly("use", new Two());
    await peer.hears();
    peer.says(["decref", 1]);
    await until(() => connection.inspect().exports.length === 0);
    await connection.close();
  });
});

describe("a reference that is released while the call that brought it runs", () => {
  it("is given back after the answer", async () => {
    const { peer, inspect } = await met();
    peer.calls(1, "root", "release", ["remote", 7]);
    expect(await peer.hears()).toEqual(["answer", 1, ["unicode", "released"]]);
    expect(await peer.hears()).toEqual(["decref", 7]);
    expect(inspect()?.imports).toEqual([]);
  });

  it("is given back after the error", async () => {
    const { peer } = await met();
    peer.calls(1, "root", "releaseAndFail", ["remote", 7]);
    expect(await peer.hears()).toEqual(failure(1, "builtins.ValueError", "after the release"));
    expect(await peer.hears()).toEqual(["decref", 7]);
  });

  it("is given back after the answer that comes later, and before that not at all", async () => {
    const { root, peer, inspect } = await met();
    peer.calls(1, "root", "releaseLater", ["remote", 7]);
    expect(await peer.hearsAll()).toEqual([]);
    root.finish();
    expect(await peer.hears()).toEqual(["answer", 1, ["unicode", "later"]]);
    expect(await peer.hears()).toEqual(["decref", 7]);
    expect(inspect()?.imports).toEqual([]);
  });

  it("is given back when nobody wanted an answer", async () => {
    const { peer } = await met();
    peer.says(["message", 1, "root", "release", 0, ["tuple", ["remote", 7]], ["dictionary"]]);
    expect(await peer.hears()).toEqual(["decref", 7]);
  });

  it("waits for all calls that brought it", async () => {
    const { root, peer } = await met();
    peer.calls(1, "root", "keep", ["remote", 7]);
    expect(await peer.hears()).toEqual(["answer", 1, ["None"]]);
    peer.calls(2, "root", "releaseLater", ["remote", 7]);
    await peer.hearsAll();
    root.kept[0]?.release();
    expect(await peer.hearsAll()).toEqual([]);
    root.finish();
    expect(await peer.hearsAll()).toEqual([
      ["answer", 2, ["unicode", "later"]],
      ["decref", 7],
      ["decref", 7],
    ]);
  });

  it("is sent at once when no such call runs", async () => {
    const { root, peer } = await met();
    peer.calls(1, "root", "keep", ["remote", 7]);
    await peer.hears();
    root.kept[0]?.release();
    expect(await peer.hears()).toEqual(["decref", 7]);
  });
});

describe("references in what cannot be understood", () => {
  const decrefs = (heard: Term[]) =>
    heard.filter((term) => Array.isArray(term) && term[0] === "decref").map((term) => (term as Term[])[1]);

  it.each([1, 0])("go back with the call that is refused (flag %i)", async (flag) => {
    const { peer, inspect } = await met();
    const args: Term = [
      "tuple",
      ["remote", 5],
      ["list", ["remote", 6], ["remote", 5]],
      ["app.Unknown", ["remote", 8]],
      ["remote", 9],
    ];
    const keywords: Term = [
      "dictionary",
      [
        ["unicode", "x"],
        ["remote", 10],
      ],
    ];
    peer.says(["message", 1, "root", "echo", flag, args, keywords]);
    const heard = await peer.hearsAll();
    expect(decrefs(heard).sort()).toEqual([10, 5, 5, 6, 8, 9].sort());
    expect(heard).toHaveLength(flag === 1 ? 7 : 6);
    expect(inspect()?.imports).toEqual([]);
  });

  it.each(["answer", "error"])("go back with the %s that fails", async (kind) => {
    const { peer, connection } = await rawServer();
    const call = connection.root.callRemote("x").catch((e: unknown) => e);
    await peer.hears();
    peer.says([kind, 1, ["list", ["remote", 5], ["app.Unknown", ["remote", 8]], ["remote", 9]]]);
    await call;
    expect(decrefs(await peer.hearsAll()).sort()).toEqual([5, 8, 9]);
    expect(connection.inspect().imports).toEqual([]);
    await connection.close();
  });

  it("go back although not one of them was reached, and without waiting for another message", async () => {
    const { peer } = await met();
    peer.says(["message", 1, "root", "echo", 0, ["tuple", ["app.Unknown"], ["remote", 5]], ["dictionary"]]);
    expect(await peer.hearsAll()).toEqual([["decref", 5]]);
    const { peer: server, connection } = await rawServer();
    const call = connection.root.callRemote("x").catch((e: unknown) => e);
    await server.hears();
    server.says(["answer", 1, ["list", ["app.Unknown"], ["remote", 9]]]);
    await call;
    expect(await server.hearsAll()).toEqual([["decref", 9]]);
    await connection.close();
  });

  it("do not take receipts with them that were there before", async () => {
    const { root, peer, inspect } = await met();
    peer.calls(1, "root", "keep", ["remote", 5]);
    await peer.hears();
    peer.calls(2, "root", "echo", ["remote", 5], ["app.Unknown"]);
    expect(decrefs(await peer.hearsAll())).toEqual([5]);
    expect(inspect()?.imports).toEqual([{ id: 5, receipts: 1 }]);
    const call = root.kept[0]?.callRemote("hello");
    expect(await peer.hears()).toEqual(["message", 1, 5, "hello", 1, ["tuple"], ["dictionary"]]);
    peer.says(["answer", 1, 2]);
    expect(await call).toBe(2);
  });

  it("are not found where there are none: in texts, bytes and dictionaries that look like one", async () => {
    const { peer } = await met();
    peer.calls(
      1,
      "root",
      "echo",
      ["dictionary", ["remote", 5]],
      ["unicode", "remote"],
      ["remote", 6, 7],
      ["app.Unknown"],
    );
    const heard = await peer.hearsAll();
    expect(decrefs(heard).filter((id) => id === 5)).toEqual([]);
  });

  it("go back when the object that is called is not there", async () => {
    const { peer, inspect } = await met();
    peer.calls(1, 99, "x", ["remote", 5], ["list", ["remote", 5]]);
    const heard = await peer.hearsAll();
    expect(heard[0] === undefined ? undefined : decrefs(heard)).toEqual([5, 5]);
    expect(inspect()?.imports).toEqual([]);
  });
});

describe("a named object", () => {
  it("is not counted, and sent home by its name it is itself", async () => {
    const { peer, inspect } = await met();
    peer.calls(1, "root", "echo", ["local", "root"]);
    expect(await peer.hears()).toEqual(["answer", 1, ["remote", 1]]);
    expect(inspect()?.exports).toEqual([{ id: 1, class: "One", count: 1 }]);
  });
});
