// Calls on results that are not there yet: they wait for the reference, go to it in order, and leave nothing behind.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DeadReferenceError,
  NotAReference,
  type PendingReference,
  Referenceable,
  RemoteError,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

class Two extends Referenceable {
  readonly seen: unknown[] = [];
  remote_three(n: number) {
    this.seen.push(n);
    return n * 3;
  }
  remote_self() {
    return this;
  }
  remote_seen() {
    return this.seen;
  }
  remote_fail(): never {
    throw new RangeError("at three");
  }
}

class One extends Root {
  two = new Two();
  held: RemoteReference<Two> | undefined;
  remote_getTwo() {
    return this.two;
  }
  remote_newTwo() {
    return new Two();
  }
  async remote_getTwoLater() {
    for (let turn = 0; turn < 3; turn++) await turnOver();
    return this.two;
  }
  remote_number() {
    return 5;
  }
  remote_nothing() {
    return null;
  }
  remote_fail(): RemoteReference<Two> {
    throw new RangeError("no two today");
  }
  remote_hold(two: RemoteReference<Two>) {
    this.held = two;
  }
  remote_held() {
    return this.held;
  }
  remote_letGo() {
    this.held?.releaseAll();
  }
}

/** Counts the rejections that nobody handled. */
function watchUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", listener);
  onTestFinished(() => void process.off("unhandledRejection", listener));
  return unhandled;
}

everywhere((meet, { native }) => {
  describe("a call on a pending result", () => {
    it("goes to the object that the result refers to", async () => {
      const { connection } = await meet<One>(new One());
      expect(await connection.root.callRemote("getTwo").callRemote("three", 12)).toBe(36);
      expect(await connection.root.callRemote("getTwoLater").callRemote("self").callRemote("three", 4)).toBe(12);
    });

    it("gives the reference back that nobody awaited, when its last call is answered", async () => {
      const met = await meet<One>(new One());
      const pending = met.connection.root.callRemote("getTwo");
      expect(await Promise.all([pending.callRemote("three", 1), pending.callRemote("three", 2)])).toEqual([3, 6]);
      await until(() => met.accepted.inspect().exports.length === 0);
      expect(met.connection.inspect().imports).toEqual([]);
    });

    it("leaves the reference to whom awaits the result, before or after", async () => {
      const { connection } = await meet<One>(new One());
      const before = connection.root.callRemote("getTwo");
      const two = await before;
      expect(await before.callRemote("three", 1)).toBe(3);
      const after = connection.root.callRemote("getTwo");
      const answer = after.callRemote("three", 2);
      const same = await after;
      expect(await answer).toBe(6);
      for (let turn = 0; turn < 10; turn++) await turnOver();
      expect(same).toBe(two);
      expect(await two.callRemote("three", 3)).toBe(9);
      two.releaseAll();
    });

    it("leaves it also to whom asks for it right after the last answer", async () => {
      const { connection } = await meet<One>(new One());
      const pending = connection.root.callRemote("getTwo");
      expect(await pending.callRemote("three", 1)).toBe(3);
      expect(await pending.callRemote("three", 2), "and to whom calls through it again").toBe(6);
      const two = await pending;
      for (let turn = 0; turn < 10; turn++) await turnOver();
      expect(await two.callRemote("three", 3)).toBe(9);
      two.release();
    });

    it("takes a `then` for an interest in the result", async () => {
      const { connection } = await meet<One>(new One());
      const pending = connection.root.callRemote("getTwo");
      let kept: RemoteReference<Two> | undefined;
      pending.then((two) => {
        kept = two;
      });
      await pending.callRemote("three", 1);
      for (let turn = 0; turn < 10; turn++) await turnOver();
      expect(await kept?.callRemote("three", 2)).toBe(6);
      kept?.release();
    });

    it("does not take away a receipt that somebody else holds", async () => {
      const { connection } = await meet<One>(new One());
      const mine = await connection.root.callRemote("getTwo");
      expect(await connection.root.callRemote("getTwo").callRemote("three", 1)).toBe(3);
      for (let turn = 0; turn < 10; turn++) await turnOver();
      expect(await mine.callRemote("three", 2)).toBe(6);
      mine.release();
    });

    it("keeps its order, among the calls through the result and before those through the reference", async () => {
      const { connection } = await meet<One>(new One());
      const pending = connection.root.callRemote("getTwoLater");
      pending.callRemoteOnly("three", 1);
      void pending.callRemote("three", 2);
      const chained = pending.callRemote("self");
      void chained.callRemote("three", 5);
      void pending.callRemote("three", 3);
      const two = await pending;
      void two.callRemote("three", 4);
      await chained.callRemote("three", 6);
      // On the wire a call goes out at once; without that it waits here for the reference, behind calls of other references to it.
      expect(await two.callRemote("seen")).toEqual(native ? [1, 2, 5, 3, 4, 6] : [1, 2, 3, 4, 5, 6]);
      two.release();
    });

    it("fails with NotAReference if the result is none, and the other side is not asked", async () => {
      const { connection } = await meet(new One());
      for (const [name, what] of [
        ["number", "number"],
        ["nothing", "null"],
      ] as const) {
        const error = await connection.root
          .callRemote(name)
          .callRemote("three", 1)
          .catch((e: unknown) => e);
        expect(error).toBeInstanceOf(NotAReference);
        expect(error).toMatchObject({
          code: "NOT_A_REFERENCE",
          executed: "no",
          message: expect.stringContaining(what),
        });
      }
    });

    it("fails with the very error of the question, and so does all that was built on it", async () => {
      const { connection, takeLogged } = await meet(new One());
      const question = connection.root.callRemote("fail");
      const first = question.callRemote("self");
      const second = first.callRemote("three", 1);
      const third = question.callRemote("three", 2);
      const errors = await Promise.all([question, first, second, third].map((p) => p.catch((e: unknown) => e)));
      expect(errors[0]).toBeInstanceOf(RemoteError);
      expect(new Set(errors).size).toBe(1);
      expect(takeLogged()).toHaveLength(1);
    });

    it("fails alone when the method itself fails", async () => {
      const met = await meet<One>(new One());
      const pending = met.connection.root.callRemote("getTwo");
      const bad = pending.callRemote("fail");
      const good = pending.callRemote("three", 1);
      await expect(bad).rejects.toMatchObject({ message: "at three" });
      expect(await good).toBe(3);
      met.takeLogged();
    });

    it("works on a local object that came home", async () => {
      const { connection } = await meet<One>(new One());
      const mine = new Two();
      await connection.root.callRemote("hold", mine);
      const held = connection.root.callRemote("held") as PendingReference<Two>;
      expect(await held.callRemote("three", 5)).toBe(15);
      expect(mine.seen).toEqual([5]);
      await connection.root.callRemote("letGo");
    });

    it("that cannot be sent fails alone", async () => {
      const { connection } = await meet<One>(new One());
      const pending = connection.root.callRemote("getTwo");
      const bad = pending.callRemote("three", (() => {}) as never);
      const good = pending.callRemote("three", 1);
      await expect(bad).rejects.toMatchObject({ code: "UNSENDABLE", path: "[0]" });
      expect(await good).toBe(3);
    });

    it("without an answer counts as well, and gives the reference back", async () => {
      const root = new One();
      const met = await meet<One>(root);
      met.connection.root.callRemote("getTwo").callRemoteOnly("three", 7);
      await until(() => root.two.seen.length === 1);
      await until(() => met.accepted.inspect().exports.length === 0);
    });
  });
});

describe("results that nobody awaits", () => {
  it("are gone a while after their last answer, and say so to whom awaits them then", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const pending = connection.root.callRemote("getTwo");
    await pending.callRemote("three", 1);
    for (let turn = 0; turn < 10; turn++) await turnOver();
    await expect(pending).rejects.toBeInstanceOf(DeadReferenceError);
    await expect(pending.callRemote("three", 2)).rejects.toBeInstanceOf(DeadReferenceError);
  });

  it("never raise unhandledRejection as intermediates", async () => {
    const unhandled = watchUnhandled();
    const { connection, takeLogged } = await meetInMemory<One>(new One());
    const last = connection.root.callRemote("fail").callRemote("self").callRemote("self").callRemote("three", 1);
    await expect(last).rejects.toBeInstanceOf(RemoteError);
    connection.root.callRemote("fail").callRemoteOnly("three", 1);
    await connection.root.callRemote("getTwo").callRemote("three", 1);
    for (let turn = 0; turn < 10; turn++) await turnOver();
    expect(unhandled).toEqual([]);
    takeLogged();
  });

  it("never raise it when the connection ends under them either", async () => {
    const unhandled = watchUnhandled();
    const { connection } = await meetInMemory<One>(new One());
    const last = connection.root.callRemote("getTwoLater").callRemote("self").callRemote("three", 1);
    await Promise.all([expect(last).rejects.toMatchObject({ code: "CONNECTION_LOST" }), connection.close()]);
    for (let turn = 0; turn < 10; turn++) await turnOver();
    expect(unhandled).toEqual([]);
  });

  it("leave empty tables after 5 000 of them, without any garbage collection", async () => {
    const met = await meetInMemory<One>(new One());
    let most = 0;
    for (let i = 0; i < 5000; i++) {
      expect(await met.connection.root.callRemote("newTwo").callRemote("three", i)).toBe(3 * i);
      most = Math.max(most, met.accepted.inspect().exports.length);
    }
    await until(() => met.accepted.inspect().exports.length === 0);
    expect(met.connection.inspect().imports).toEqual([]);
    expect(most).toBeLessThan(100);
  });

  it("leave empty tables after 5 000 at once", async () => {
    const met = await meetInMemory<One>(new One());
    const answers = Array.from({ length: 5000 }, (_, i) =>
      met.connection.root.callRemote("getTwo").callRemote("three", i),
    );
    expect((await Promise.all(answers))[4999]).toBe(14_997);
    await until(() => met.accepted.inspect().exports.length === 0);
    expect(met.connection.inspect().imports).toEqual([]);
  });
});
