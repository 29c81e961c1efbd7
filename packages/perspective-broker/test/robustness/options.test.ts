// Wrong use of the interface: clear errors with a name and a code, and nothing left behind.
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  AddressError,
  ConnectError,
  connect,
  ListenError,
  listen,
  PerspectiveBrokerError,
  pb,
  Referenceable,
  Root,
} from "../../src/index.ts";
import { until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";
import { socketPath } from "../support/transports.ts";

class Echo extends Root {
  remote_echo(value: unknown) {
    return value;
  }
}

const root = new Echo();

describe("an address", () => {
  it.each<[string, unknown]>([
    ["of an unknown scheme", "carrier-pigeon://home"],
    ["without a scheme", "127.0.0.1"],
    ["that is empty", ""],
    ["with a port and no scheme", "localhost:8800"],
    ["without a port", "tcp://127.0.0.1"],
    ["with a port that is too large", "tcp://127.0.0.1:70000"],
    ["with a port that is none", "tcp://127.0.0.1:http"],
    ["without a host", "tcp://:1"],
    ["without a path", "unix:"],
    ["without a name", "memory://"],
    ["that is a number", 8800],
    ["that is nothing", undefined],
  ])("%s is an AddressError, for both", async (_what, address) => {
    const listening = listen(root, address as string);
    await expect(listening).rejects.toBeInstanceOf(AddressError);
    await expect(listening).rejects.toMatchObject({ code: "BAD_ADDRESS", message: expect.any(String) });
    if (typeof address !== "string") return;
    await expect(connect(address)).rejects.toBeInstanceOf(AddressError);
  });

  it("of an unknown scheme is told which there are", async () => {
    await expect(listen(root, "x://y")).rejects.toThrow(/tcp.*/);
  });

  it.each(["memory://nobody", "tcp://127.0.0.1:1", "unix:/nowhere/at/all"])(
    "where nobody listens is a ConnectError: %s",
    async (address) => {
      const error = await connect(address).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code: "CONNECT_FAILED", cause: { code: expect.any(String) } });
    },
  );

  it.each(["memory", "tcp", "unix"])("that is in use is a ListenError with EADDRINUSE (%s)", async (scheme) => {
    const address = { memory: "memory://taken", tcp: "tcp://127.0.0.1:0", unix: `unix:${socketPath()}` }[
      scheme
    ] as string;
    const first = await listen(root, address);
    onTestFinished(() => first.close());
    const error = await listen(root, first.address).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: "LISTEN_FAILED", cause: { code: "EADDRINUSE" } });
    const connection = await connect<Echo>(first.address);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    await connection.close();
  });

  it("can be taken again after the server was closed", async () => {
    const first = await listen(root, "tcp://127.0.0.1:0");
    await first.close();
    const second = await listen(root, first.address);
    expect(second.address).toBe(first.address);
    await second.close();
  });

  it("where something else listens fails in time", async () => {
    const other = createServer((socket) =>
      socket.end("220 mail.example ESMTP ready, waiting for your letters, and never in a hurry\r\n"),
    );
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    await expect(connect(`tcp://127.0.0.1:${port}`)).rejects.toBeInstanceOf(PerspectiveBrokerError);
  });
});

describe("an option that makes no sense", () => {
  it.each<[string, object]>([
    ["an unknown limit", { limits: { bananas: 5 } }],
    ["a limit of zero", { limits: { calls: 0 } }],
    ["a limit below zero", { limits: { string: -1 } }],
    ["a limit that is NaN", { limits: { message: Number.NaN } }],
    ["a limit that lets not even errors through", { limits: { message: 100 } }],
    ["a limit that is a text", { limits: { depth: "deep" } }],
    ["no dialects", { dialects: [] }],
    ["a dialect by name", { dialects: ["pb"] }],
    ["a context of another kind", { context: "global" }],
    ["floats of another kind", { floats: "double" }],
    ["dicts of another kind", { dicts: "array" }],
    ["dates of another kind", { dates: "moment" }],
    ["unsendable of another kind", { unsendable: "ignore" }],
    ["a handshake timeout of zero", { handshakeTimeout: 0 }],
    ["a handshake timeout that is a text", { handshakeTimeout: "soon" }],
    ["an object that is none", { objects: { x: {} } }],
  ])("is named by an error: %s", async (_what, options) => {
    const [name] = Object.keys(options) as [string];
    await expect(listen(root, "memory://options", options as never)).rejects.toThrow(name);
    await expect(connect("memory://nobody", options as never)).rejects.toThrow(name);
  });

  it("is no harm when it is undefined", async () => {
    const { connection } = await meetInMemory<Echo>(root, {
      client: { limits: { calls: undefined } as never },
      server: { limits: {} },
    });
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it.each([Number.NaN, -1, "soon"])("is named when it is a view's timeout: %s", async (timeout) => {
    const { connection } = await meetInMemory<Echo>(root);
    expect(() => connection.root.with({ timeout: timeout as number })).toThrow(/timeout/);
    expect(() => new Echo().with({ timeout: timeout as number })).toThrow(/timeout/);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a plain object", { remote_echo: () => 1 }],
    ["a class", Echo],
  ])("is a root that is none: %s", async (_what, wrong) => {
    await expect(listen(wrong as never, "memory://rootless")).rejects.toThrow(TypeError);
  });
});

describe("the number of connections", () => {
  it.each(["memory://few", "tcp://127.0.0.1:0"])(
    "is bounded, and there is room again when one has ended (%s)",
    async (address) => {
      const server = await listen(root, address, { maxConnections: 1 });
      onTestFinished(() => server.close());
      const first = await connect<Echo>(server.address);
      await expect(connect(server.address)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
      expect(await first.root.callRemote("echo", 1)).toBe(1);
      await first.close();
      await until(() => server.connections.size === 0);
      const second = await connect<Echo>(server.address);
      expect(await second.root.callRemote("echo", 2)).toBe(2);
      await second.close();
    },
  );
});

describe("a call that makes no sense", () => {
  it("is a rejection and no exception", async () => {
    const { connection } = await meetInMemory(root);
    for (const name of [undefined, null, 5, Symbol("x"), {}]) {
      await expect(connection.root.callRemote(name as never)).rejects.toBeInstanceOf(TypeError);
    }
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("because its name is too long is one, too: here in pb, over there in pb7", async () => {
    const long = "x".repeat(700_000);
    const { connection } = await meetInMemory(root);
    await expect(connection.root.callRemote(long)).rejects.toMatchObject({
      type: "twisted.spread.flavors.NoSuchMethod",
    });
    const twisted = await meetInMemory(root, { client: { dialects: [pb] } });
    await expect(twisted.connection.root.callRemote(long)).rejects.toMatchObject({ code: "BANANA_ERROR" });
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("of a reference that was taken apart is an exception, as always", () => {
    class Two extends Referenceable {}
    const { callRemote } = new Two() as any;
    expect(callRemote).toBeTypeOf("function");
  });
});

describe("the name of an object", () => {
  it("may be anything that is text, also that of an inherited member", async () => {
    const { connection, accepted } = await meetInMemory(root);
    for (const name of ["__proto__", "constructor", "", "ein Name", "\u{1f34c}", "toString"]) {
      await expect(connection.object(name).callRemote("echo", 1)).rejects.toMatchObject({
        message: "Invalid Object ID",
      });
      using _ = accepted.publish(name, root);
      expect(await connection.object(name).callRemote("echo", name)).toBe(name);
    }
  });
});
