// Functions around calls: one shape for both directions, nothing they do reaches more than their call.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  Anonymous,
  Avatar,
  allowAnonymous,
  Cacheable,
  CallAborted,
  type CallInterceptor,
  CallTimeout,
  connect,
  currentCall,
  DeadReferenceError,
  getAllPages,
  type InterceptedCall,
  Keywords,
  kw,
  type Observer,
  PBError,
  type PendingReference,
  Portal,
  Referenceable,
  Registry,
  RemoteCache,
  type RemoteReference,
  Root,
  StringPager,
  Viewable,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, inEveryDialect, meetInMemory } from "../support/everywhere.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class One extends Root {
  readonly seen: unknown[] = [];
  readonly two = new Two();
  remote_echo(...args: unknown[]) {
    this.seen.push(args);
    return args[0];
  }
  remote_getTwo() {
    return this.two;
  }
  async remote_later(value: unknown) {
    await turnOver();
    return value;
  }
  remote_fail(): never {
    throw new PBError("refused");
  }
  remote_list() {
    return ["a", "b"];
  }
  remote_named(a: unknown, options?: Keywords) {
    return [a, options?.get("b") ?? null];
  }
  async remote_back(two: RemoteReference<Two>) {
    using held = two;
    return held.callRemote("three", 5);
  }
  remote_stay() {
    return new Promise<void>(() => {});
  }
}

/** As whoever iterates a result knows it. */
interface Listed {
  remote_list(): AsyncIterable<string>;
}

const TRACE = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "vendor=1" };
const OTHER = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", tracestate: "" };

/** Writes down what it sees, with a name. */
function noting(seen: string[], name: string): CallInterceptor {
  return async ({ direction, method }, next) => {
    seen.push(`${name} ${direction} ${method}`);
    try {
      return await next();
    } finally {
      seen.push(`${name} ${direction} ${method} over`);
    }
  };
}

/** Counts the rejections that nobody handled. */
function watchUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", listener);
  onTestFinished(() => void process.off("unhandledRejection", listener));
  return unhandled;
}

everywhere((meet) => {
  describe("interceptors", () => {
    it("are around calls out and calls in, the outermost first", async () => {
      const seen: string[] = [];
      const { connection } = await meet<One>(new One(), {
        client: { onCall: [noting(seen, "a"), noting(seen, "b")] },
        server: { onCall: noting(seen, "s") },
      });
      expect(await connection.root.callRemote("echo", 1)).toBe(1);
      expect(seen).toEqual([
        ...["a out echo", "b out echo", "s in echo", "s in echo over", "b out echo over", "a out echo over"],
      ]);
    });

    it("see calls in both directions at each end", async () => {
      const near: string[] = [];
      const far: string[] = [];
      const { connection } = await meet<One>(new One(), {
        client: { onCall: noting(near, "near") },
        server: { onCall: noting(far, "far") },
      });
      expect(await connection.root.callRemote("back", new Two())).toBe(15);
      expect(near).toEqual(["near out back", "near in three", "near in three over", "near out back over"]);
      expect(far).toEqual(["far in back", "far out three", "far out three over", "far in back over"]);
    });

    it("know the call", async () => {
      const calls: InterceptedCall[] = [];
      const onCall: CallInterceptor = (call, next) => {
        calls.push(call);
        return next();
      };
      const root = new One();
      const { connection, accepted } = await meet<One>(root, { client: { onCall }, server: { onCall } });
      await connection.root.callRemote("named", 1, kw({ b: 2 }));
      const [out, into] = calls as [InterceptedCall, InterceptedCall];
      expect(out).toMatchObject({ direction: "out", method: "named", wantsAnswer: true, context: undefined });
      expect(out.connection).toBe(connection);
      expect(out.target).toBe(connection.root);
      expect(into).toMatchObject({ direction: "in", method: "named", wantsAnswer: true });
      expect(into.connection).toBe(accepted);
      expect(into.target).toBe(root);
      for (const { args } of calls) {
        expect(args).toEqual([1, expect.any(Keywords)]);
        expect((args[1] as Keywords).get("b")).toBe(2);
      }
    });

    it("can be called with other arguments, keywords included", async () => {
      const { connection } = await meet<One>(new One(), {
        client: { onCall: (call, next) => next([...call.args, kw({ b: 7 })]) },
        server: { onCall: ({ args: [a, ...more] }, next) => next([[a], ...more]) },
      });
      expect(await connection.root.callRemote("named", 1)).toEqual([[1], 7]);
    });

    it("can answer in the call's place, at either end, at once or later", async () => {
      const root = new One();
      const answers: Record<string, unknown> = { now: 1, later: Promise.resolve(2) };
      const onCall: CallInterceptor = (call, next) => answers[String(call.args[0])] ?? next();
      for (const options of [{ client: { onCall } }, { server: { onCall } }]) {
        const { connection } = await meet<One>(root, options);
        expect(await connection.root.callRemote("echo", "now")).toBe(1);
        expect(await connection.root.callRemote("echo", "later")).toBe(2);
      }
      expect(root.seen).toEqual([]);
    });

    it("can change the result and the error", async () => {
      const onCall: CallInterceptor = async (_call, next) => {
        try {
          return [await next()];
        } catch (error) {
          throw new PBError(`${(error as Error).message}, really`);
        }
      };
      for (const options of [{ client: { onCall } }, { server: { onCall } }]) {
        const { connection } = await meet<One>(new One(), options);
        expect(await connection.root.callRemote("echo", 1)).toEqual([1]);
        await expect(connection.root.callRemote("fail")).rejects.toThrow("refused, really");
      }
    });

    it("fail their call only, by throwing, before or after an await", async () => {
      const onCall: CallInterceptor = ({ args }, next) => {
        if (args[0] === "now") throw new PBError("not now");
        return args[0] === "later" ? Promise.reject(new PBError("not later")) : next();
      };
      for (const options of [{ client: { onCall } }, { server: { onCall } }]) {
        const { connection } = await meet<One>(new One(), options);
        await expect(connection.root.callRemote("echo", "now")).rejects.toThrow("not now");
        await expect(connection.root.callRemote("echo", "later")).rejects.toThrow("not later");
        expect(await connection.root.callRemote("echo", 1)).toBe(1);
      }
    });

    it("can wait before and after", async () => {
      const onCall: CallInterceptor = async (_call, next) => {
        await turnOver();
        const result = await next();
        await turnOver();
        return result;
      };
      const { connection } = await meet<One>(new One(), { client: { onCall }, server: { onCall } });
      expect(await connection.root.callRemote("echo", 1)).toBe(1);
      expect(await connection.root.callRemote("getTwo").callRemote("three", 2)).toBe(6);
    });

    it("run in the context of a call in, before and after it", async () => {
      const known: unknown[] = [];
      const onCall: CallInterceptor = async (call, next) => {
        known.push(currentCall() === call.context, currentCall().storage === call.storage);
        const result = await next();
        known.push(currentCall() === call.context);
        return result;
      };
      const { connection } = await meet<One>(new One(), { server: { onCall } });
      await connection.root.callRemote("later", 1);
      expect(known).toEqual([true, true, true]);
    });

    it("see a call without an answer as one, and the other end runs it", async () => {
      const seen: unknown[] = [];
      const onCall: CallInterceptor = async (call, next) => {
        seen.push([call.direction, call.wantsAnswer, await next()]);
      };
      const root = new One();
      const { connection } = await meet<One>(root, { client: { onCall }, server: { onCall } });
      connection.root.callRemoteOnly("echo", 4);
      await until(() => seen.length === 2);
      expect(root.seen).toEqual([[4]]);
      expect(seen).toContainEqual(["out", false, undefined]);
      expect(seen).toContainEqual(["in", false, 4]);
    });

    it("of a call without an answer that fail are logged, and it is not sent", async () => {
      const root = new One();
      const met = await meet<One>(root, {
        client: {
          onCall: ({ args }) => {
            if (args[0] === 1) throw new Error("never");
            return Promise.reject(new Error("not"));
          },
        },
      });
      met.connection.root.callRemoteOnly("echo", 1);
      met.connection.root.callRemoteOnly("echo", 2);
      await turnOver();
      expect(met.takeLogged()).toEqual([
        expect.objectContaining({ level: "warn", error: new Error("never") }),
        expect.objectContaining({ level: "warn", error: new Error("not") }),
      ]);
      expect(root.seen).toEqual([]);
    });

    it("leave results that can be called through, whatever they give back", async () => {
      const kinds: CallInterceptor[] = [
        (_call, next) => next(),
        async (_call, next) => await next(),
        (_call, next) => next().then((result) => result),
      ];
      for (const onCall of kinds) {
        const met = await meet<One>(new One(), { client: { onCall }, server: { onCall } });
        expect(await met.connection.root.callRemote("getTwo").callRemote("three", 12)).toBe(36);
        const two = met.connection.root.callRemote("getTwo");
        two.callRemoteOnly("three", 1);
        expect(await Promise.all([two.callRemote("three", 1), two.callRemote("three", 2)])).toEqual([3, 6]);
        await until(() => met.accepted.inspect().exports.length === 0);
      }
    });

    it("see calls through results", async () => {
      const seen: string[] = [];
      const onCall: CallInterceptor = (call, next) => {
        seen.push(`${call.direction} ${call.method}`);
        return next();
      };
      const { connection } = await meet<One>(new One(), { client: { onCall } });
      await connection.root.callRemote("getTwo").callRemote("three", 12);
      expect(seen).toEqual(["out getTwo", "out three"]);
    });

    it("can send a call elsewhere", async () => {
      const elsewhere = await meet<One>(new One());
      const { connection } = await meet<One>(new One(), {
        client: { onCall: (call) => elsewhere.connection.root.callRemote(call.method as "echo", ...call.args) },
      });
      expect(await connection.root.callRemote("getTwo").callRemote("three", 5)).toBe(15);
    });

    it("can wrap what is iterated", async () => {
      const items: unknown[] = [];
      const onCall: CallInterceptor = async (_call, next) => {
        const result = await next();
        if (!Array.isArray(result)) return result;
        return (async function* () {
          for (const item of result) {
            items.push(item);
            yield `${item}!`;
          }
        })();
      };
      const { connection } = await meet<Listed>(new One(), { client: { onCall } });
      const got: unknown[] = [];
      for await (const item of connection.root.callRemote("list")) got.push(item);
      expect(got).toEqual(["a!", "b!"]);
      expect(items).toEqual(["a", "b"]);
    });

    it("give a call that waits nothing to outlive its connection", async () => {
      let go = () => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const { connection } = await meet<One>(new One(), {
        client: { onCall: (_call, next) => gate.then(() => next()) },
      });
      const call = connection.root.callRemote("echo", 1);
      await connection.close();
      go();
      await expect(call).rejects.toBeInstanceOf(DeadReferenceError);
    });
  });

  describe("onSettled", () => {
    it("tells how a call ended, at both ends", async () => {
      const outcomes: unknown[] = [];
      const onCall: CallInterceptor = (call, next) => {
        call.onSettled((outcome) => outcomes.push([call.direction, outcome.status]));
        return next();
      };
      const met = await meet<One>(new One(), { client: { onCall }, server: { onCall } });
      await met.connection.root.callRemote("later", 1);
      await met.connection.root.callRemote("fail").catch(() => {});
      await turnOver();
      expect(outcomes).toEqual([
        ["in", "fulfilled"],
        ["out", "fulfilled"],
        ["in", "rejected"],
        ["out", "rejected"],
      ]);
    });

    it("leaves a result that nobody asked for what it is: it is given back, not awaited", async () => {
      const outcomes: string[] = [];
      const onCall: CallInterceptor = (call, next) => {
        call.onSettled(({ status }) => outcomes.push(status));
        return next();
      };
      const met = await meet<One>(new One(), { client: { onCall } });
      expect(await met.connection.root.callRemote("getTwo").callRemote("three", 1)).toBe(3);
      await until(() => outcomes.length === 2);
      await until(() => met.accepted.inspect().exports.length === 0);
      expect(met.connection.inspect().imports).toEqual([]);
      expect(outcomes).toEqual(["fulfilled", met.connection.dialect === "pb7" ? "unasked" : "fulfilled"]);
    });

    it("leaves a rejection that nobody handles one that nobody handles", async () => {
      const unhandled = watchUnhandled();
      const onCall: CallInterceptor = (call, next) => {
        call.onSettled(() => {});
        return next();
      };
      const { connection } = await meet<One>(new One(), { client: { onCall } });
      await connection.root.callRemote("fail").catch(() => {});
      const intermediate = connection.root.callRemote("fail") as unknown as PendingReference<Two>;
      await intermediate.callRemote("three", 1).catch(() => {});
      await turnOver();
      expect(unhandled).toEqual([]);
      void connection.root.callRemote("fail");
      await until(() => unhandled.length > 0);
      await turnOver();
      expect(unhandled).toEqual([expect.objectContaining({ message: "refused" })]);
    });
  });
});

inEveryDialect((meet) => {
  describe("next", () => {
    it("cannot be called twice", async () => {
      const root = new One();
      const onCall: CallInterceptor = async (_call, next) => {
        await next();
        return next();
      };
      const met = await meet<One>(root, { client: { onCall } });
      await expect(met.connection.root.callRemote("echo", 1)).rejects.toThrow(new TypeError("next() was called twice"));
      expect(root.seen).toEqual([[1]]);
      const callee = await meet<One>(root, { server: { onCall } });
      await expect(callee.connection.root.callRemote("echo", 2)).rejects.toMatchObject({ type: "builtins.TypeError" });
      expect(root.seen).toEqual([[1], [2]]);
      expect(callee.takeLogged()).toEqual([expect.objectContaining({ level: "error" })]);
    });

    it("takes a list and nothing else", async () => {
      const { connection } = await meet<One>(new One(), { client: { onCall: (_call, next) => next("x" as never) } });
      await expect(connection.root.callRemote("echo", 1)).rejects.toThrow(TypeError);
    });

    it("gives a promise also of what a method returns at once, or throws", async () => {
      const onCall: CallInterceptor = (_call, next) =>
        next().then(
          (value) => [value],
          () => "failed",
        );
      const { connection } = await meet<One>(new One(), { server: { onCall } });
      expect(await connection.root.callRemote("echo", 1)).toEqual([1]);
      expect(await connection.root.callRemote("fail")).toBe("failed");
    });

    it("gives a promise that need not be looked at", async () => {
      const unhandled = watchUnhandled();
      const onCall: CallInterceptor = (_call, next) => {
        void next();
        return "answered";
      };
      for (const options of [{ client: { onCall } }, { server: { onCall } }]) {
        const { connection } = await meet<One>(new One(), options);
        expect(await connection.root.callRemote("fail")).toBe("answered");
        await turnOver();
      }
      expect(unhandled).toEqual([]);
    });
  });

  describe("a call that its interceptor holds up", () => {
    it("is overtaken by later ones", async () => {
      const root = new One();
      const onCall: CallInterceptor = async ({ args }, next) => {
        if (args[0] === "slow") await turnOver();
        return next();
      };
      const { connection } = await meet<One>(root, { server: { onCall } });
      await Promise.all([connection.root.callRemote("echo", "slow"), connection.root.callRemote("echo", "fast")]);
      expect(root.seen).toEqual([["fast"], ["slow"]]);
    });

    it("keeps its place if it calls next at once", async () => {
      const root = new One();
      const onCall: CallInterceptor = async (_call, next) => await next();
      const { connection } = await meet<One>(root, { client: { onCall }, server: { onCall } });
      await Promise.all([1, 2, 3].map((n) => connection.root.callRemote("echo", n)));
      expect(root.seen).toEqual([[1], [2], [3]]);
    });

    it("goes through a result also when that is there by then", async () => {
      let go = () => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const seen: unknown[] = [];
      const onCall: CallInterceptor = async (call, next) => {
        if (call.method === "three") await gate;
        seen.push(call.method);
        return next();
      };
      const hold: CallInterceptor = (call, next) => (call.method === "three" ? gate.then(() => next()) : next());
      for (const kind of [onCall, hold]) {
        const met = await meet<One>(new One(), { client: { onCall: kind } });
        const two = met.connection.root.callRemote("getTwo");
        const three = two.callRemote("three", 4);
        two.callRemoteOnly("three", 5);
        const kept = await two;
        go();
        expect(await three).toBe(12);
        kept.release();
        await until(() => met.accepted.inspect().exports.length === 0);
      }
    });

    it("is sent also if its reference was given back meanwhile, and that is told after it", async () => {
      const root = new One();
      const onCall: CallInterceptor = async (_call, next) => {
        await turnOver();
        return next();
      };
      const met = await meet<One>(root, { client: { onCall } });
      const two = await met.connection.root.callRemote("getTwo");
      const three = two.callRemote("three", 2);
      two.callRemoteOnly("three", 3);
      two.release();
      expect(met.accepted.inspect().exports).toHaveLength(1);
      expect(await three).toBe(6);
      await until(() => met.accepted.inspect().exports.length === 0);
      await expect(two.callRemote("three", 4)).rejects.toBeInstanceOf(DeadReferenceError);
    });

    it("gives its reference back also if it is not sent at all", async () => {
      const onCall: CallInterceptor = async (call, next) => {
        if (call.method !== "three") return next();
        await turnOver();
        return 5;
      };
      const met = await meet<One>(new One(), { client: { onCall } });
      const two = await met.connection.root.callRemote("getTwo");
      const three = two.callRemote("three", 2);
      two.callRemoteOnly("three", 3);
      two.release();
      expect(await three).toBe(5);
      await until(() => met.accepted.inspect().exports.length === 0);
    });

    it("fails when it is aborted or too late, and is not sent", async () => {
      const clock = new ManualClock();
      const root = new One();
      let go = () => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const onCall: CallInterceptor = (_call, next) => gate.then(() => next());
      const { connection } = await meet<One>(root, { client: { onCall, clock, heartbeat: 0 } });
      const abort = new AbortController();
      const aborted = connection.root.with({ signal: abort.signal }).callRemote("echo", 1);
      const late = connection.root.with({ timeout: 50 }).callRemote("echo", 2);
      const failed = Promise.allSettled([aborted, late]);
      abort.abort("enough");
      clock.advance(100);
      const [{ reason: first }, { reason: second }] = (await failed) as [PromiseRejectedResult, PromiseRejectedResult];
      expect(first).toBeInstanceOf(CallAborted);
      expect(first).toMatchObject({ executed: "no", cause: "enough" });
      expect(second).toBeInstanceOf(CallTimeout);
      expect(second).toMatchObject({ executed: "no" });
      go();
      for (let turn = 0; turn < 5; turn++) await turnOver();
      expect(root.seen).toEqual([]);
      expect(clock.waiting).toBe(0);
    });

    it("has what is left of its time when it is sent", async () => {
      const clock = new ManualClock();
      let go = () => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const onCall: CallInterceptor = (_call, next) => gate.then(() => next());
      const { connection } = await meet<One>(new One(), { client: { onCall, clock, heartbeat: 0 }, untidy: true });
      const late = connection.root.with({ timeout: 100 }).callRemote("stay");
      const failed = expect(late).rejects.toBeInstanceOf(CallTimeout);
      clock.advance(60);
      go();
      await until(() => connection.inspect().awaited === 1);
      clock.advance(60);
      await failed;
    });
  });

  describe("the trace context", () => {
    it("of a call in is taken over by the calls that are made for it", async () => {
      const seen: unknown[] = [];
      const onCall: CallInterceptor = (call, next) => {
        if (call.direction === "in") call.trace = TRACE;
        else seen.push(call.trace, call.context?.method);
        return next();
      };
      const { connection } = await meet<One>(new One(), { server: { onCall } });
      await connection.root.callRemote("back", new Two());
      expect(seen).toEqual([TRACE, "back"]);
    });

    it("of a call out is that of `with`, and can be set before next", async () => {
      const seen: unknown[] = [];
      const onCall: CallInterceptor = async (call, next) => {
        seen.push(call.trace);
        call.trace = OTHER;
        const result = await next();
        if (call.direction === "out") expect(() => Object.assign(call, { trace: TRACE })).toThrow(TypeError);
        return result;
      };
      const { connection } = await meet<One>(new One(), { client: { onCall } });
      await connection.root.with({ trace: TRACE }).callRemote("echo", 1);
      await connection.root.callRemote("echo", 1);
      expect(seen).toEqual([TRACE, undefined]);
    });

    const traces: [what: string, given: object | string, kept: unknown][] = [
      ["well-formed", TRACE, TRACE],
      ["without a state", { traceparent: TRACE.traceparent }, { ...TRACE, tracestate: "" }],
      ["of a later version", { ...TRACE, traceparent: `cc${TRACE.traceparent.slice(2)}-more` }, "the same"],
      ["of a state with tenants and spaces", { ...TRACE, tracestate: "a@b=1 2 , ,c/d*-_=x" }, "the same"],
      ["with a state that is too long", { ...TRACE, tracestate: `a=${"x".repeat(600)}` }, { ...TRACE, tracestate: "" }],
      ["with a state that is none", { ...TRACE, tracestate: "a=1\r\nb: c" }, { ...TRACE, tracestate: "" }],
      ["with too many members", { ...TRACE, tracestate: "a=1,".repeat(40) }, { ...TRACE, tracestate: "" }],
      ["of zeros", { ...TRACE, traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` }, undefined],
      ["of version ff", { ...TRACE, traceparent: `ff${TRACE.traceparent.slice(2)}` }, undefined],
      ["of version 00 with more", { ...TRACE, traceparent: `${TRACE.traceparent}-00` }, undefined],
      ["in capitals", { ...TRACE, traceparent: TRACE.traceparent.toUpperCase() }, undefined],
      ["that is too long", { ...TRACE, traceparent: `cc${TRACE.traceparent.slice(2)}-${"0".repeat(300)}` }, undefined],
      ["that is none", { traceparent: "x", tracestate: "" }, undefined],
      ["that is no text", { traceparent: 5 }, undefined],
      ["that is a text", "00", undefined],
    ];

    it.each(traces)("%s is passed on as far as it is well-formed", async (_what, given, kept) => {
      const seen: unknown[] = [];
      const onCall: CallInterceptor = (call, next) => {
        seen.push(call.trace);
        call.trace = given as typeof TRACE;
        seen.push(call.trace);
        return next();
      };
      const { connection } = await meet<One>(new One(), { client: { onCall } });
      await connection.root.with({ trace: given as typeof TRACE }).callRemote("echo", 1);
      const expected = kept === "the same" ? given : kept;
      expect(seen).toEqual([expected, expected]);
    });
  });

  describe("what is called", () => {
    it("is the application's own object, behind avatars and views", async () => {
      class User extends Avatar {
        readonly desk = new Desk();
        perspective_desk() {
          return this.desk;
        }
      }
      class Desk extends Viewable {
        view_write(from: User, text: string) {
          return [from === user, text];
        }
      }
      const user = new User();
      const targets: unknown[] = [];
      const onCall: CallInterceptor = (call, next) => {
        if (call.direction === "in") targets.push([call.method, call.target, call.context.avatar]);
        return next();
      };
      const portal = new Portal({ requestAvatar: () => ({ avatar: user }) }, { checkers: [allowAnonymous()] });
      const { connection } = await meet(portal, { server: { onCall } });
      using avatar = await connection.login<User>(new Anonymous());
      using desk = await avatar.callRemote("desk");
      await desk.callRemote("write", "x");
      expect(targets.slice(-2)).toEqual([
        ["desk", user, user],
        ["write", user.desk, user],
      ]);
      expect((targets.at(-2) as unknown[])[1]).toBe(user);
      expect((targets.at(-1) as unknown[])[1]).toBe(user.desk);
    });

    it("is not a cache: its messages are no calls", async () => {
      class Stock extends Cacheable {
        static wireName = "interceptors.Stock";
        observer: Observer | undefined;
        getStateToCacheAndObserveFor(_perspective: unknown, observer: Observer) {
          this.observer = observer;
          return {};
        }
      }
      const got: unknown[] = [];
      class RemoteStock extends RemoteCache {
        observe_set(value: unknown) {
          got.push(value);
        }
      }
      const registry = new Registry();
      registry.registerCopyable("interceptors.Stock", RemoteStock);
      const stock = new Stock();
      class Shop extends Root {
        remote_stock() {
          return stock;
        }
      }
      const seen: string[] = [];
      const onCall: CallInterceptor = (call, next) => {
        seen.push(`${call.direction} ${call.method}`);
        return next();
      };
      const met = await meet(new Shop(), { client: { onCall, registry }, server: { onCall, registry }, untidy: true });
      await met.connection.root.callRemote("stock");
      await stock.observer?.callRemote("set", 3);
      expect(got).toEqual([3]);
      expect(seen).toEqual(["out stock", "in stock"]);
    });

    it("is a pager's collector only at the end that collects", async () => {
      class Pages extends Root {
        remote_pages(collector: RemoteReference) {
          new StringPager(collector, "x".repeat(100), 30);
        }
      }
      const seen: string[] = [];
      const onCall: CallInterceptor = async (call, next) => {
        seen.push(`${call.direction} ${call.method}`);
        return await next();
      };
      const { connection } = await meet<Pages>(new Pages(), { client: { onCall }, server: { onCall } });
      expect((await getAllPages(connection.root, "pages")).join("")).toBe("x".repeat(100));
      expect(seen.slice(0, 2)).toEqual(["out pages", "in pages"]);
      expect(new Set(seen.slice(2))).toEqual(new Set(["in gotPage", "in endedPaging"]));
    });
  });
});

describe("the trace context over pb7", () => {
  it("travels, and on from there, also with calls without an answer", async () => {
    const seen: unknown[] = [];
    const note: CallInterceptor = (call, next) => {
      if (call.direction === "in") seen.push([call.method, call.trace]);
      return next();
    };
    const { connection } = await meetInMemory<One>(new One(), { client: { onCall: note }, server: { onCall: note } });
    expect(connection.dialect).toBe("pb7");
    const traced = connection.root.with({ trace: TRACE });
    await traced.callRemote("back", new Two());
    traced.callRemoteOnly("echo", 1);
    await connection.root.callRemote("echo", 2);
    expect(seen).toEqual([
      ["back", TRACE],
      ["three", TRACE],
      ["echo", TRACE],
      ["echo", undefined],
    ]);
  });

  it("is what an interceptor has set, also for calls through results and after an await", async () => {
    const seen: unknown[] = [];
    const { connection } = await meetInMemory<One>(new One(), {
      client: {
        onCall: (call, next) => {
          call.trace = call.method === "getTwo" ? TRACE : OTHER;
          return next();
        },
      },
      server: {
        onCall: (call, next) => {
          seen.push([call.method, call.trace]);
          return next();
        },
      },
    });
    await connection.root.callRemote("getTwo").callRemote("three", 1);
    connection.root.callRemote("getTwo").callRemoteOnly("three", 1);
    await connection.root.callRemote("echo", 1);
    await until(() => seen.length === 5);
    expect(seen).toEqual([
      ["getTwo", TRACE],
      ["three", OTHER],
      ["getTwo", TRACE],
      ["three", OTHER],
      ["echo", OTHER],
    ]);
  });

  it("is known after an await of an interceptor also with a context that does not follow", async () => {
    const seen: unknown[] = [];
    const { connection } = await meetInMemory<One>(new One(), {
      server: {
        context: "sync",
        onCall: async (call, next) => {
          if (call.direction === "out") await turnOver();
          return next();
        },
      },
      client: {
        onCall: (call, next) => {
          if (call.direction === "in") seen.push(call.trace, call.context.depth);
          return next();
        },
      },
    });
    await connection.root.with({ trace: TRACE }).callRemote("back", new Two());
    expect(seen).toEqual([TRACE, 1]);
  });
});

describe("onCall", () => {
  it("is a function, or a list of functions", async () => {
    for (const onCall of [5, [5], [() => {}, null]]) {
      await expect(connect("memory://nobody", { onCall: onCall as never })).rejects.toThrow(TypeError);
    }
  });
});
