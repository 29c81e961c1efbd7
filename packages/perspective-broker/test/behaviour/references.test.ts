// Who is who across the wire, and how references are given back: identity, receipts, views, disconnect listeners.
import { describe, expect, it } from "vitest";
import { type CloseReason, DeadReferenceError, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { type Ends, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

class Two extends Referenceable {
  calls = 0;
  remote_three(n: number) {
    this.calls++;
    return n * 3;
  }
}

class One extends Root {
  readonly two = new Two();
  readonly kept: RemoteReference<Two>[] = [];
  remote_getTwo() {
    return this.two;
  }
  remote_getBoth() {
    return [this.two, { again: this.two }];
  }
  remote_newTwo() {
    return new Two();
  }
  remote_checkTwo(two: Two | RemoteReference<Two>) {
    return two === this.two;
  }
  remote_echo(value: any): any {
    return value;
  }
  remote_keep(two: RemoteReference<Two>) {
    this.kept.push(two);
    return this.kept.length;
  }
  remote_giveBack() {
    return this.kept[0];
  }
  async remote_callKept(n: number) {
    return await (this.kept[0] as RemoteReference<Two>).callRemote("three", n);
  }
  remote_keptAreOne() {
    return this.kept.every((reference) => reference === this.kept[0]);
  }
  remote_drop() {
    for (const reference of this.kept.splice(0)) reference.release();
  }
}

/** How often the server has given out its one object, as it counts itself. */
const given = ({ accepted }: Ends<unknown>) => accepted.inspect().exports.map(({ count }) => count);

everywhere((meet) => {
  describe("an object that comes home", () => {
    it("is the owner's own object", async () => {
      const { connection } = await meet<One>(new One());
      using two = await connection.root.callRemote("getTwo");
      expect(await connection.root.callRemote("checkTwo", two)).toBe(true);
    });

    it("is the client's own object as well", async () => {
      const { connection } = await meet<One>(new One());
      const mine = new Two();
      expect(await connection.root.callRemote("keep", mine)).toBe(1);
      expect(await connection.root.callRemote("giveBack")).toBe(mine);
      expect(await connection.root.callRemote("callKept", 4)).toBe(12);
      await connection.root.callRemote("drop");
    });

    // What a method forgets is given back when it is collected (garbage.test.ts): these leave it in the tables.
    it("is itself also from inside of containers", async () => {
      const { connection } = await meet<One>(new One(), { untidy: true });
      const mine = new Two();
      const back = await connection.root.callRemote("echo", { list: [mine, mine], map: new Map([[1, mine]]) });
      expect(back.list[0]).toBe(mine);
      expect(back.list[1]).toBe(mine);
      expect(back.map.get(1)).toBe(mine);
    });

    it("is itself although the server held it only while it answered", async () => {
      const { connection } = await meet<One>(new One(), { untidy: true });
      const mine = new Two();
      for (let i = 0; i < 5; i++) expect(await connection.root.callRemote("echo", mine)).toBe(mine);
    });
  });

  describe("an object that is received twice", () => {
    it("is one reference, in one message and in many", async () => {
      const met = await meet<One>(new One());
      const [first, { again }] = (await met.connection.root.callRemote("getBoth")) as any;
      const later = await met.connection.root.callRemote("getTwo");
      expect(again).toBe(first);
      expect(later).toBe(first);
      expect(given(met)).toEqual([3]);
      expect(met.connection.inspect().imports).toEqual([{ id: 1, receipts: 3 }]);
      first.releaseAll();
    });

    it("is one reference for the server, too", async () => {
      const { connection } = await meet<One>(new One());
      const mine = new Two();
      await connection.root.callRemote("keep", mine);
      await connection.root.callRemote("keep", mine);
      expect(await connection.root.callRemote("keptAreOne")).toBe(true);
      await connection.root.callRemote("drop");
    });

    it("is not the same as another object", async () => {
      const { connection } = await meet<One>(new One());
      using a = await connection.root.callRemote("newTwo");
      using b = await connection.root.callRemote("newTwo");
      expect(a).not.toBe(b);
      expect(a.sameAs(b)).toBe(false);
    });
  });

  describe("release", () => {
    it("gives one receipt back, and with the last one the reference dies", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      await met.connection.root.callRemote("getTwo");
      two.release();
      await until(() => given(met)[0] === 1);
      expect(await two.callRemote("three", 1)).toBe(3);
      two.release();
      await until(() => given(met).length === 0);
      await expect(two.callRemote("three", 1)).rejects.toBeInstanceOf(DeadReferenceError);
    });

    it("by one of two holders leaves the other one's reference alive", async () => {
      const met = await meet<One>(new One());
      async function holder(): Promise<number> {
        using two = await met.connection.root.callRemote("getTwo");
        return await two.callRemote("three", 2);
      }
      const mine = await met.connection.root.callRemote("getTwo");
      expect(await holder()).toBe(6);
      expect(await mine.callRemote("three", 3)).toBe(9);
      expect(given(met)).toEqual([1]);
      mine.release();
    });

    it("more often than received does no harm", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      for (let i = 0; i < 5; i++) two.release();
      two.releaseAll();
      expect(await met.connection.root.callRemote("echo", "alive")).toBe("alive");
      expect(given(met)).toEqual([]);
    });

    it("of a dead reference is not a release of the same object received later", async () => {
      const met = await meet<One>(new One());
      const old = await met.connection.root.callRemote("getTwo");
      old.release();
      const fresh = await met.connection.root.callRemote("getTwo");
      expect(fresh).not.toBe(old);
      old.release();
      old.releaseAll();
      old[Symbol.dispose]();
      expect(await fresh.callRemote("three", 1)).toBe(3);
      fresh.release();
    });

    it("then being sent is refused at the sender", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      two.release();
      await expect(met.connection.root.callRemote("checkTwo", two)).rejects.toMatchObject({
        code: "UNSENDABLE",
        path: "[0]",
        executed: "no",
      });
    });

    it("is sent after the calls that were made before it", async () => {
      const root = new One();
      const { connection } = await meet<One>(root);
      const two = await connection.root.callRemote("getTwo");
      const answers = [1, 2, 3].map((n) => two.callRemote("three", n));
      two.release();
      expect(await Promise.all(answers)).toEqual([3, 6, 9]);
      expect(root.two.calls).toBe(3);
    });

    it("by `using` is one release at the end of the block", async () => {
      const met = await meet<One>(new One());
      {
        using two = await met.connection.root.callRemote("getTwo");
        expect(await two.callRemote("three", 1)).toBe(3);
        expect(given(met)).toEqual([1]);
      }
      await until(() => given(met).length === 0);
    });
  });

  describe("releaseAll", () => {
    it("gives back every receipt", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      for (let i = 0; i < 9; i++) await met.connection.root.callRemote("getTwo");
      expect(given(met)).toEqual([10]);
      two.releaseAll();
      await until(() => given(met).length === 0);
      await expect(two.callRemote("three", 1)).rejects.toMatchObject({ code: "DEAD_REFERENCE", executed: "no" });
    });
  });

  describe("a view by with()", () => {
    it("is the same reference: sameAs, when sent, and in what it calls", async () => {
      const { connection } = await meet<One>(new One());
      using two = await connection.root.callRemote("getTwo");
      const view = two.with({ timeout: 60_000 }).with({});
      expect(view).not.toBe(two);
      expect(view.sameAs(two)).toBe(true);
      expect(two.sameAs(view)).toBe(true);
      expect(two.sameAs({})).toBe(false);
      expect(await view.callRemote("three", 5)).toBe(15);
      expect(await connection.root.callRemote("checkTwo", view)).toBe(true);
    });

    it("gives nothing back when it is released or disposed", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      {
        using view = two.with({ timeout: 60_000 });
        view.release();
        view.releaseAll();
      }
      expect(await two.callRemote("three", 1)).toBe(3);
      expect(given(met)).toEqual([1]);
      two.release();
    });

    it("dies with its reference", async () => {
      const met = await meet<One>(new One());
      const two = await met.connection.root.callRemote("getTwo");
      const view = two.with({ timeout: 60_000 });
      two.release();
      await expect(view.callRemote("three", 1)).rejects.toBeInstanceOf(DeadReferenceError);
    });
  });

  describe("a disconnect listener", () => {
    it("is told once why, on both sides, and not when it was taken back", async () => {
      const root = new One();
      const { connection, accepted } = await meet<One>(root, { untidy: true });
      const two = await connection.root.callRemote("getTwo");
      await connection.root.callRemote("keep", new Two());
      const told: [string, CloseReason["code"]][] = [];
      two.onDisconnect((reason) => told.push(["client", reason.code]));
      two.onDisconnect((reason) => told.push(["client again", reason.code]));
      two.onDisconnect(() => told.push(["never", "CLOSED"]))[Symbol.dispose]();
      root.kept[0]?.onDisconnect((reason) => told.push(["server", reason.code]));
      await connection.close();
      await accepted.closed;
      expect(told).toEqual([
        ["client", "CLOSED"],
        ["client again", "CLOSED"],
        ["server", "PEER_CLOSED"],
      ]);
      two.onDisconnect(() => told.push(["too late", "CLOSED"]));
      expect(told).toHaveLength(3);
    });

    it("belongs to the connection, not to the receipts: it is told of a released reference's end as well", async () => {
      const { connection } = await meet<One>(new One());
      const two = await connection.root.callRemote("getTwo");
      let told = 0;
      two.onDisconnect(() => told++);
      two.release();
      await connection.close();
      expect(told).toBe(1);
    });
  });

  describe("a reference", () => {
    it("cannot be sent over another connection", async () => {
      const near = await meet<One>(new One());
      const far = await meet<One>(new One());
      using two = await near.connection.root.callRemote("getTwo");
      await expect(far.connection.root.callRemote("echo", { deep: [two] })).rejects.toMatchObject({
        code: "UNSENDABLE",
        path: "[0].deep[0]",
      });
      expect(await far.connection.root.callRemote("echo", 1)).toBe(1);
    });

    it("by name is one reference and can be sent home", async () => {
      class Named extends Root {
        remote_isMe(other: unknown) {
          return other === this;
        }
      }
      const { connection } = await meet<Named>(new Named());
      expect(connection.root).toBe(connection.object("root"));
      expect(await connection.root.callRemote("isMe", connection.root)).toBe(true);
    });
  });
});

describe("two objects that are handed to a named one", () => {
  it("meet again at home: the one is called with the other itself", async () => {
    class Go extends Referenceable {
      async remote_between(first: RemoteReference<Bound>, second: RemoteReference<Two>) {
        await first.callRemote("meet", second);
        first.release();
        second.release();
      }
    }
    class Bound extends Referenceable {
      met: unknown;
      remote_meet(other: unknown) {
        this.met = other;
      }
    }
    const { connection, server } = await meetInMemory(new One());
    using _ = server.publish("go", new Go());
    const [first, second] = [new Bound(), new Two()];
    await connection.object<Go>("go").callRemote("between", first, second);
    expect(first.met).toBe(second);
    const go = connection.object<Go>("go");
    expect(go.remote.between).toBe(go.remote.between);
  });
});

describe("an observer that takes itself off", () => {
  it("is told once", async () => {
    class Observed extends Root {
      #observers: RemoteReference<Observer>[] = [];
      remote_observe(observer: RemoteReference<Observer>) {
        this.#observers.push(observer);
      }
      remote_unobserve(observer: RemoteReference<Observer>) {
        this.#observers = this.#observers.filter((other) => other !== observer);
        observer.releaseAll();
      }
      async remote_notify() {
        for (const observer of [...this.#observers]) await observer.callRemote("notify", new Two());
      }
    }
    class Observer extends Referenceable {
      told = 0;
      async remote_notify(two: RemoteReference<Two>) {
        using _ = two;
        this.told++;
        await connection.root.callRemote("unobserve", this as Observer);
      }
    }
    const { connection } = await meetInMemory<Observed>(new Observed());
    const observer = new Observer();
    await connection.root.callRemote("observe", observer);
    await connection.root.callRemote("notify");
    await connection.root.callRemote("notify");
    expect(observer.told).toBe(1);
  });
});
