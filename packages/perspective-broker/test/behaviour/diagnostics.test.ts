// What Node's diagnostics_channel is told of calls and connections.
import { AsyncLocalStorage } from "node:async_hooks";
import { channel, subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CallInterceptor,
  type CallMessage,
  type Connection,
  type ConnectionMessage,
  currentCall,
  PBError,
  Referenceable,
  Root,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

const NAME = "perspective-broker:call";
const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class One extends Root {
  remote_echo(value: unknown) {
    return value;
  }
  async remote_later(value: unknown) {
    await turnOver();
    return value;
  }
  remote_fail(): never {
    throw new PBError("refused");
  }
  async remote_failLater(): Promise<never> {
    await turnOver();
    throw new PBError("refused later");
  }
  remote_getTwo() {
    return new Two();
  }
}

/** Every event of calls over these connections, as `direction method event`; unsubscribed after the test. */
function listening(about: (message: CallMessage, event: string) => void = () => {}): string[] {
  const seen: string[] = [];
  const handlers = Object.fromEntries(
    EVENTS.map((event) => [
      event,
      (message: unknown) => {
        const { call } = message as CallMessage;
        seen.push(`${call.direction} ${call.method} ${event}`);
        about(message as CallMessage, event);
      },
    ]),
  ) as unknown as Parameters<ReturnType<typeof tracingChannel>["subscribe"]>[0];
  const tracing = tracingChannel(NAME);
  tracing.subscribe(handlers);
  onTestFinished(() => void tracing.unsubscribe(handlers));
  return seen;
}

const of = (seen: readonly string[], direction: string): string[] =>
  seen.filter((line) => line.startsWith(direction)).map((line) => line.slice(direction.length + 1));

everywhere((meet) => {
  describe("the channels of calls", () => {
    it("tell how a call goes, at both ends", async () => {
      const messages = new Set<CallMessage>();
      const { connection } = await meet<One>(new One());
      const seen = listening((message) => messages.add(message));
      expect(await connection.root.callRemote("echo", 1)).toBe(1);
      await connection.root.callRemote("later", 2);
      await turnOver();
      const whole = ["start", "end", "asyncStart", "asyncEnd"];
      const all = (method: string) => whole.map((event) => `${method} ${event}`);
      expect(of(seen, "out")).toEqual([...all("echo"), ...all("later")]);
      expect(of(seen, "in")).toEqual(["echo start", "echo end", ...all("later")]);
      expect([...messages].map(({ call, result }) => [call.direction, call.args, result])).toEqual([
        ["out", [1], 1],
        ["in", [1], 1],
        ["out", [2], 2],
        ["in", [2], 2],
      ]);
    });

    it("tell of errors", async () => {
      const errors: unknown[] = [];
      const { connection } = await meet<One>(new One());
      const seen = listening(({ error }, event) => {
        if (event === "error") errors.push((error as Error).message);
      });
      await connection.root.callRemote("fail").catch(() => {});
      await connection.root.callRemote("failLater").catch(() => {});
      await turnOver();
      const late = ["start", "end", "error", "asyncStart", "asyncEnd"];
      const all = (method: string) => late.map((event) => `${method} ${event}`);
      expect(of(seen, "out")).toEqual([...all("fail"), ...all("failLater")]);
      expect(of(seen, "in")).toEqual(["fail start", "fail error", "fail end", ...all("failLater")]);
      expect(errors).toEqual(["refused", "refused", "refused later", "refused later"]);
    });

    it("tell of calls without an answer that they were sent", async () => {
      const { connection } = await meet<One>(new One());
      const seen = listening();
      connection.root.callRemoteOnly("echo", 1);
      await until(() => seen.length === 4);
      expect(of(seen, "out")).toEqual(["echo start", "echo end"]);
      expect(of(seen, "in")).toEqual(["echo start", "echo end"]);
    });

    it("change nothing: results can be called through, are given back, and fail loudly", async () => {
      const unhandled: unknown[] = [];
      const listener = (reason: unknown) => unhandled.push(reason);
      process.on("unhandledRejection", listener);
      onTestFinished(() => void process.off("unhandledRejection", listener));
      const met = await meet<One>(new One());
      const seen = listening();
      expect(await met.connection.root.callRemote("getTwo").callRemote("three", 12)).toBe(36);
      await until(() => met.accepted.inspect().exports.length === 0);
      await until(() => seen.includes("out getTwo asyncEnd"));
      expect(met.connection.inspect().imports).toEqual([]);
      expect(seen.filter((line) => line.endsWith("error"))).toEqual([]);
      void met.connection.root.callRemote("fail");
      await until(() => unhandled.length > 0);
      expect(unhandled).toHaveLength(1);
    });
  });
});

describe("the channels of calls", () => {
  it("are nearest to the wire", async () => {
    const order: string[] = [];
    const onCall: CallInterceptor = (call, next) => {
      order.push(`${call.direction} interceptor`);
      return call.direction === "out" ? next([...call.args, "more"]) : next();
    };
    const { connection } = await meetInMemory<One>(new One(), { client: { onCall }, server: { onCall } });
    listening(({ call }, event) => {
      if (event === "start") order.push(`${call.direction} ${call.args.join()}`);
    });
    await connection.root.callRemote("echo", 1);
    expect(order).toEqual(["out interceptor", "out 1,more", "in 1,more", "in interceptor"]);
  });

  it("can set the trace context, and stores for the time of a method", async () => {
    const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "" };
    const spans = new AsyncLocalStorage<CallMessage>();
    const { start } = tracingChannel(NAME);
    start.bindStore(spans, (message) => message as CallMessage);
    onTestFinished(() => void start.unbindStore(spans));
    listening(({ call }, event) => {
      if (event === "start" && call.direction === "out") call.trace = trace;
    });
    class Asker extends Root {
      async remote_ask() {
        await turnOver();
        const message = spans.getStore();
        return [message?.call.direction, message?.call.method, currentCall().trace];
      }
    }
    const { connection } = await meetInMemory<Asker>(new Asker());
    expect(await connection.root.callRemote("ask")).toEqual(["in", "ask", trace]);
  });

  it("are silent for a call that an interceptor has answered", async () => {
    const { connection } = await meetInMemory<One>(new One(), { client: { onCall: () => 5 } });
    const seen = listening();
    expect(await connection.root.callRemote("echo", 1)).toBe(5);
    expect(seen).toEqual([]);
  });
});

describe("the channels of connections", () => {
  it("tell of each end that it is open, and why it ended", async () => {
    const told: [string, Connection, string | undefined][] = [];
    for (const event of ["open", "close"]) {
      const name = `perspective-broker:connection:${event}`;
      const listener = (message: unknown) => {
        const { connection, reason } = message as ConnectionMessage;
        told.push([event, connection, reason?.code]);
      };
      subscribe(name, listener);
      onTestFinished(() => void unsubscribe(name, listener));
    }
    expect(channel("perspective-broker:connection:open").hasSubscribers).toBe(true);
    const { connection, accepted } = await meetInMemory<One>(new One());
    await connection.close();
    await accepted.closed;
    const named = told.map(([event, one, code]) => [event, one === connection ? "client" : "server", code]);
    expect(named).toHaveLength(4);
    expect(named).toEqual(
      expect.arrayContaining([
        ["open", "client", undefined],
        ["open", "server", undefined],
        ["close", "client", "CLOSED"],
        ["close", "server", expect.any(String)],
      ]),
    );
    expect(told.every(([, one]) => one === connection || one === accepted)).toBe(true);
  });
});
