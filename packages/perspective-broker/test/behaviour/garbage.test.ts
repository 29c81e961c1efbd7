// What is forgotten: references are given back when they are collected, each receipt exactly once, and a connection that has
// ended is not held by anything.
import { describe, expect, it } from "vitest";
import {
  type Connection,
  connect,
  listen,
  Referenceable,
  type RemoteReference,
  Root,
  type Server,
} from "../../src/index.ts";
import { collect, collectNow, collectUntil } from "../support/collect.ts";
import { until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";
import { rawServer, type Term } from "../support/raw-peer.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class One extends Root {
  readonly two = new Two();
  readonly received: WeakRef<object>[] = [];
  remote_getTwo() {
    return this.two;
  }
  remote_echo(value: object): any {
    this.received.push(new WeakRef(value));
    return value;
  }
  remote_many() {
    return Array.from({ length: 10 }, () => new Two());
  }
}

everywhere((meet) => {
  describe("a forgotten reference", () => {
    it("is given back, with every receipt it had", async () => {
      const { connection, accepted } = await meet<One>(new One());
      await (async () => {
        for (let i = 0; i < 7; i++) await connection.root.callRemote("getTwo");
        await connection.root.callRemote("many");
      })();
      expect(accepted.inspect().exports.reduce((sum, { count }) => sum + count, 0)).toBe(17);
      await collectUntil(() => accepted.inspect().exports.length === 0, "the release of forgotten references");
      await until(() => connection.inspect().imports.length === 0);
    });

    it("is given back by a server as well, that only echoed it", async () => {
      const { connection } = await meet<One>(new One());
      for (let i = 0; i < 5; i++) await connection.root.callRemote("echo", new Two());
      await collectUntil(() => connection.inspect().exports.length === 0, "the release of echoed references");
    });

    it("of which one receipt was released owes only the others", async () => {
      const { connection, accepted } = await meet<One>(new One());
      await (async () => {
        const two = await connection.root.callRemote("getTwo");
        await connection.root.callRemote("getTwo");
        two.release();
      })();
      await until(() => accepted.inspect().exports[0]?.count === 1);
      await collectUntil(() => accepted.inspect().exports.length === 0, "the release of the rest");
      await collect();
      expect((await connection.root.callRemote("getTwo").callRemote("three", 1)) as number).toBe(3);
    });

    it("lives on in a view, in a callable of its sugar, and in a call", async () => {
      const { connection, accepted } = await meet<One>(new One());
      let view: RemoteReference<Two> | undefined = await (async () =>
        (await connection.root.callRemote("getTwo")).with({ timeout: 60_000 }))();
      await collect();
      await collect();
      expect(await view.callRemote("three", 2)).toBe(6);
      view = undefined;
      await collectUntil(() => accepted.inspect().exports.length === 0, "the release of a forgotten view");

      let remote: RemoteReference<Two>["remote"] | undefined = await (async () =>
        (await connection.root.callRemote("getTwo")).remote)();
      await collect();
      expect(await remote.three(2)).toBe(6);
      remote = undefined;
      await collectUntil(() => accepted.inspect().exports.length === 0, "the release of a forgotten proxy");
    });
  });
});

describe("a reference that is received again", () => {
  /** The releases among what a peer heard. */
  const releases = (heard: readonly Term[]) => heard.filter((term) => Array.isArray(term) && term[0] === "decref");

  it("after the old one was collected and before that was noticed owes its own receipts only", async () => {
    const { peer, connection } = await rawServer();
    const answer = (id: number, times: number) =>
      peer.says(["answer", id, ["list", ...Array.from({ length: times }, () => ["remote", 9])]]);
    const old = new WeakRef(
      await (async () => {
        const call = connection.root.callRemote("get");
        answer(1, 3);
        return ((await call) as RemoteReference[])[0] as RemoteReference;
      })(),
    );
    const call = connection.root.callRemote("get");
    await until(() => peer.heard.length === 2);
    peer.heard.length = 0;
    collectNow(); // the weak reference is empty now, and no finalizer has run
    answer(2, 2);
    const [fresh] = (await call) as [RemoteReference];
    expect(old.deref()).toBeUndefined();
    expect(connection.inspect().imports).toEqual([{ id: 9, receipts: 2 }]);
    const heard: Term[] = [];
    await collectUntil(() => {
      heard.push(...peer.heard.splice(0));
      return releases(heard).length >= 3;
    }, "the release of the old receipts");
    await collect();
    heard.push(...peer.heard.splice(0));
    expect(releases(heard)).toHaveLength(3);
    expect(connection.inspect().imports).toEqual([{ id: 9, receipts: 2 }]);
    fresh.releaseAll();
    expect(releases(await peer.hearsAll())).toHaveLength(2);
    await connection.close();
  });

  it("while the call that released it still runs is given back when it is forgotten", async () => {
    class Keeper extends Root {
      finish = () => {};
      same: boolean | undefined;
      #first: WeakRef<object> | undefined;
      async remote_releaseAndWait(two: RemoteReference<Two>) {
        this.#first = new WeakRef(two);
        two.release();
        await new Promise<void>((resolve) => {
          this.finish = resolve;
        });
      }
      remote_again(two: RemoteReference<Two>) {
        this.same = this.#first?.deref() === two;
      }
    }
    const root = new Keeper();
    const { connection } = await meetInMemory<Keeper>(root);
    const two = new Two();
    const running = connection.root.callRemote("releaseAndWait", two);
    await connection.root.callRemote("again", two);
    expect(connection.inspect().exports).toMatchObject([{ count: 2 }]);
    root.finish();
    await running;
    await collectUntil(() => connection.inspect().exports.length === 0, "the release of both receipts");
  });
});

describe("a connection that has ended", () => {
  it("is held by nothing, nor is what came over it", async () => {
    const { signal } = new AbortController();
    let server: Server | undefined = await listen(new One(), "memory://forgotten");
    const held: WeakRef<object>[] = [];
    await (async () => {
      const connection = await connect<One>("memory://forgotten");
      const [accepted] = (server as Server).connections;
      const two = await connection.root.callRemote("getTwo");
      two.onDisconnect(() => {});
      expect(two.remote.three).toBe(two.remote.three);
      void connection.root
        .with({ signal, timeout: 3_600_000 })
        .callRemote("echo", new Two())
        .catch(() => {});
      held.push(new WeakRef(connection), new WeakRef(accepted as Connection), new WeakRef(two));
      await connection.close();
      await (accepted as Connection).closed;
    })();
    await collectUntil(() => held.every((weak) => weak.deref() === undefined), "the collection of an ended connection");
    await server.close();
    server = undefined;
  });

  it("is not kept alive by a reference's finalizer, nor does that throw", async () => {
    const server = await listen(new One(), "memory://late");
    const connection = await connect<One>("memory://late");
    await (async () => {
      await connection.root.callRemote("many");
    })();
    await connection.close();
    await collect();
    await collect();
    expect(connection.inspect().imports).toEqual([]);
    await server.close();
  });
});
