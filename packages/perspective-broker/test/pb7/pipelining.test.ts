// Calls through results that are not there yet, and such results as arguments: one flight, in order, and nothing left behind.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  CallAborted,
  ConnectionLost,
  NotAReference,
  PBError,
  type PendingReference,
  Referenceable,
  RemoteError,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { emptied, turnOver, until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";
import { carried, settled } from "./support/courier.ts";

class Two extends Referenceable {
  readonly seen: number[] = [];
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
}

class One extends Root {
  readonly two = new Two();
  held: RemoteReference<Two> | undefined;
  finish: (two: Two) => void = () => {};
  remote_getTwo() {
    return this.two;
  }
  remote_newTwo() {
    return new Two();
  }
  remote_getTwoLater() {
    return new Promise<Two>((resolve) => {
      this.finish = resolve;
    });
  }
  remote_isTwo(two: Two) {
    return two === this.two;
  }
  remote_use(two: Two, n: number) {
    return two.remote_three(n);
  }
  remote_same(two: RemoteReference<Two>) {
    return two;
  }
  remote_fail(): Two {
    throw new RangeError("no two today");
  }
  remote_refuse(): Two {
    throw new PBError("none left");
  }
  remote_number() {
    return 5;
  }
  remote_list() {
    return [1, { two: this.two }];
  }
  remote_echo(value: unknown) {
    return value;
  }
}

/** Rejections that nobody handled, while the test runs. */
function watchUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", listener);
  onTestFinished(() => void process.off("unhandledRejection", listener));
  return unhandled;
}

const failureOf = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

describe("a round trip", () => {
  it("is what a chain of three calls takes", async () => {
    const { courier, connection } = await carried<One>(new One());
    const answer = connection.root.callRemote("getTwo").callRemote("self").callRemote("three", 4);
    expect(await courier.until(answer)).toBe(1);
    expect(await answer).toBe(12);
  });

  it("is what a call takes that has a result among its arguments", async () => {
    const { courier, connection } = await carried<One>(new One());
    const { root } = connection;
    const answer = root.callRemote("use", root.callRemote("getTwo").callRemote("self"), 5);
    expect(await courier.until(answer)).toBe(1);
    expect(await answer).toBe(15);
  });

  it("is what calls through a hundred results take that were asked for in one turn", async () => {
    const { courier, connection } = await carried<One>(new One());
    const pending = Array.from({ length: 100 }, () => connection.root.callRemote("newTwo"));
    const answers = Promise.all(pending.map((two, n) => two.callRemote("three", n)));
    expect(await courier.until(answers)).toBe(1);
    expect((await answers).at(-1)).toBe(297);
  });

  it("is what both take together, with calls of which nobody wants the answer in between", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const two = connection.root.callRemote("getTwo");
    two.callRemoteOnly("three", 1);
    const all = Promise.all([
      two.callRemote("three", 2),
      connection.root.callRemote("isTwo", two),
      two.callRemote("self").callRemote("self").callRemote("seen"),
    ]);
    expect(await courier.until(all)).toBe(1);
    expect(await all).toEqual([6, true, [1, 2]]);
  });

  it("is all that is waited for where a result comes much later", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const answer = connection.root.callRemote("getTwoLater").callRemote("three", 4);
    await courier.trip();
    await courier.trip();
    root.finish(root.two);
    await settled();
    await courier.comeBack();
    expect(await answer).toBe(12);
  });

  it("is not what results are answered for: one that is only called through comes back as nothing", async () => {
    const root = new One();
    const { courier, connection, accepted } = await carried<One>(root);
    const answer = connection.root.callRemote("getTwo").callRemote("three", 4);
    await courier.go();
    expect(accepted.inspect()).toMatchObject({ exports: [], results: 1 });
    await courier.comeBack();
    expect(await answer).toBe(12);
    await courier.trip();
    expect(accepted.inspect()).toMatchObject({ exports: [], results: 0 });
  });
});

describe("a result", () => {
  it("is a copy as an argument if it is no object, with what it holds in the place of objects", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const list = connection.root.callRemote("list");
    const echoed = connection.root.callRemote("echo", [list, 2] as any) as Promise<any>;
    expect(await courier.until(echoed)).toBe(1);
    const [[one, { two }], last] = await echoed;
    expect([one, last]).toEqual([1, 2]);
    const answer = two.callRemote("three", 2);
    await courier.until(answer);
    expect(await answer).toBe(6);
    two.release();
  });

  it("is kept for who asks for it after it was called through", async () => {
    const { courier, connection } = await carried<One>(new One());
    const pending = connection.root.callRemote("getTwo");
    const answer = pending.callRemote("three", 1);
    await courier.go();
    const both = Promise.all([answer, pending]);
    await courier.until(both);
    const two = (await both)[1];
    const again = two.callRemote("three", 2);
    await courier.until(again);
    expect(await again).toBe(6);
    two.release();
    await courier.trip();
    expect(connection.inspect()).toMatchObject({ imports: [], awaited: 0 });
  });

  it("is given back at once where nobody wants it, and says so to who comes later", async () => {
    const { connection, accepted } = await meetInMemory<One>(new One());
    const pending = connection.root.callRemote("newTwo");
    expect(await pending.callRemote("three", 1)).toBe(3);
    await until(() => accepted.inspect().results === 0);
    await turnOver();
    await expect(pending.callRemote("three", 2)).rejects.toMatchObject({ code: "DEAD_REFERENCE" });
  });

  it("that is no reference fails what is called through it", async () => {
    const { courier, connection } = await carried<One>(new One());
    const failed = failureOf((connection.root.callRemote("number") as any).callRemote("three", 1));
    expect(await courier.until(failed)).toBe(1);
    expect(await failed).toBeInstanceOf(NotAReference);
  });

  it("of a call over another connection is waited for, also if it was only called through so far", async () => {
    const first = await meetInMemory<One>(new One());
    const second = await meetInMemory<One>(new One());
    const pending = first.connection.root.callRemote("number") as any;
    const failed = failureOf(pending.callRemote("three", 1));
    const echoed = second.connection.root.callRemote("echo", pending);
    expect(await failed).toBeInstanceOf(NotAReference);
    expect(await echoed).toBe(5);
  });

  it("among the arguments of a call that cannot be sent is not kept for it", async () => {
    const { connection, accepted } = await meetInMemory<One>(new One());
    const pending = connection.root.callRemote("newTwo");
    await expect(connection.root.callRemote("echo", [pending, () => {}])).rejects.toMatchObject({ code: "UNSENDABLE" });
    await emptied({ connection, accepted });
    expect(accepted.inspect().results).toBe(0);
  });

  it("is kept as often as the other side allows, and waited for above that", async () => {
    const root = new One();
    const { connection, accepted } = await meetInMemory<One>(root, { server: { limits: { results: 2 } } });
    await connection.root.callRemote("number"); // so that its hello is here
    const answers = Array.from({ length: 10 }, (_, n) => connection.root.callRemote("newTwo").callRemote("three", n));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 10 }, (_, n) => n * 3));
    await until(() => accepted.inspect().results === 0);
  });
});

describe("order", () => {
  it("holds per reference: calls through one result begin in the order in which they were made", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const pending = connection.root.callRemote("getTwoLater");
    const answers = Array.from({ length: 100 }, (_, n) => pending.callRemote("three", n));
    pending.callRemoteOnly("three", 100);
    await courier.go();
    expect(root.two.seen).toEqual([]);
    root.finish(root.two);
    await courier.until(Promise.all(answers));
    expect(root.two.seen).toEqual(Array.from({ length: 101 }, (_, n) => n));
  });

  it("holds for calls that wait for an argument: later ones of that object wait, those of others do not", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const got = connection.root.callRemote("getTwo");
    await courier.until(got);
    const two = await got;
    const slow = connection.root.callRemote("getTwoLater");
    const used = connection.root.callRemote("use", slow, 1);
    const behind = connection.root.callRemote("number");
    const aside = two.callRemote("three", 7);
    expect(await courier.until(aside)).toBe(1);
    let passed = false;
    void behind.then(() => {
      passed = true;
    });
    await courier.trip();
    expect(passed).toBe(false);
    root.finish(root.two);
    await courier.until(Promise.all([used, behind]));
    expect(root.two.seen).toEqual([7, 1]);
    two.release();
  });

  it("holds where a promise becomes an object of the caller's own: what was called through it comes first", async () => {
    const { courier, connection } = await carried<One>(new One());
    const mine = new Two();
    const pending = connection.root.callRemote("same", mine) as unknown as PendingReference<Two>;
    const early = [pending.callRemote("three", 1), pending.callRemote("three", 2)];
    const later = pending.then(async (own) => {
      expect(own).toBe(mine);
      return await own.callRemote("three", 3);
    });
    await courier.trip();
    expect(mine.seen).toEqual([1, 2]);
    await courier.until(Promise.all([...early, later]));
    expect(mine.seen).toEqual([1, 2, 3]);
    expect(await Promise.all([...early, later])).toEqual([3, 6, 9]);
  });

  it("and such a promise gives its object when the connection ends, as nothing more of it can arrive", async () => {
    const { courier, connection } = await carried<One>(new One());
    const mine = new Two();
    const pending = connection.root.callRemote("same", mine) as unknown as PendingReference<Two>;
    const early = failureOf(pending.callRemote("three", 1));
    const own = pending.then((two) => two);
    await courier.trip();
    await connection.close();
    expect(await own).toBe(mine);
    expect(await early).toBeInstanceOf(ConnectionLost);
  });
});

describe("a question that fails", () => {
  it("fails what was built on it with the same error, which says where it happened", async () => {
    const root = new One();
    const { courier, connection } = await carried<One>(root);
    const pending = connection.root.callRemote("fail");
    const through = pending.callRemote("self");
    const all = Promise.all([
      failureOf(pending),
      failureOf(through),
      failureOf(through.callRemote("three", 1)),
      failureOf(connection.root.callRemote("use", pending, 1)),
    ]);
    expect(await courier.until(all)).toBe(1);
    const [first, second, third, argument] = await all;
    expect(first).toBeInstanceOf(RemoteError);
    expect(first.message).toBe("no two today");
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(argument).toMatchObject({ message: "no two today" });
    expect(first.stack).toContain('the remote method "fail"');
    expect(root.two.seen).toEqual([]);
  });

  it("says so where nobody asked for its own answer", async () => {
    const { courier, connection } = await carried<One>(new One());
    const pending = connection.root.callRemote("fail");
    const all = Promise.all([failureOf(pending.callRemote("three", 1)), failureOf(pending.callRemote("three", 2))]);
    expect(await courier.until(all)).toBe(1);
    const [first, second] = await all;
    expect(first.message).toBe("no two today");
    expect(first.stack).toContain('"fail", so what was called through its result was not called');
    expect(second).toBe(first);
  });

  it("because it was aborted before it was sent fails what was built on it, which was not sent either", async () => {
    const root = new One();
    const { connection, accepted } = await meetInMemory<One>(root, { server: { limits: { calls: 1 } } });
    const first = connection.root.callRemote("getTwoLater").callRemote("three", 1);
    const abort = new AbortController();
    const pending = connection.root.with({ signal: abort.signal }).callRemote("getTwo") as PendingReference<Two>;
    const built = failureOf(pending.callRemote("self").callRemote("three", 2));
    const beside = connection.root.callRemote("number");
    await until(() => accepted.inspect().running === 1);
    expect(connection.inspect().held).toBe(5);
    const reason = new Error("no longer");
    abort.abort(reason);
    expect(await failureOf(pending)).toBeInstanceOf(CallAborted);
    expect(await built).toMatchObject({ code: "CALL_ABORTED", executed: "no", cause: reason });
    root.finish(root.two);
    expect(await Promise.all([first, beside])).toEqual([3, 5]);
    expect(root.two.seen).toEqual([1]);
  });
});

describe("five thousand results that nobody awaits", () => {
  it("cost the server a handful of exports, leave nothing, and no rejection is unhandled", async () => {
    const unhandled = watchUnhandled();
    const { connection, accepted } = await meetInMemory<One>(new One());
    let most = 0;
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < 5000; n++) {
      answers.push(connection.root.callRemote("newTwo").callRemote("self").callRemote("three", n));
      if (n % 3 === 0) answers.push(failureOf(connection.root.callRemote("refuse").callRemote("self")));
      if (n % 50 === 0) await turnOver();
      most = Math.max(most, accepted.inspect().exports.length);
    }
    const values = await Promise.all(answers);
    expect(values).toHaveLength(6667);
    expect(values.filter((value) => typeof value === "number")).toEqual(Array.from({ length: 5000 }, (_, n) => n * 3));
    expect(most).toBeLessThan(10);
    await emptied({ connection, accepted });
    await until(() => accepted.inspect().results === 0);
    expect(connection.inspect()).toMatchObject({ awaited: 0, imports: [], held: 0 });
    expect(unhandled).toEqual([]);
  });
});
