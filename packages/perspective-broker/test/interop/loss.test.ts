// A peer that dies in the middle of a call, as the other side sees it.
import { ConnectionLost, DeadReferenceError } from "perspective-broker";
import { expect, it, onTestFinished } from "vitest";
import { ourClient } from "./in-process.ts";
import { ours, python, serving, started, twisted } from "./programs.ts";
import { withEachTwisted } from "./twisted.ts";

withEachTwisted("a server that is killed while a call waits", ({ path }) => {
  it("is PBConnectionLost for a Twisted client, when it was ours", async () => {
    const server = await serving(ours("server.ts"));
    onTestFinished(() => server.stop());
    const client = started(python(path, "wait_for_loss.py", "--port", String(server.port)), 60);
    onTestFinished(() => client.stop());
    await client.line(/^WAITING$/m);
    await server.stop();
    expect((await client.finished).stdout).toMatch(
      /^WAITING\nLOST PBConnectionLost Connection(Done|Lost) 1 DeadReferenceError\n$/,
    );
  }, 60_000);

  it("is ConnectionLost for our client, when it was Twisted's", async () => {
    const server = await serving(twisted(path, "pb_server.py"));
    onTestFinished(() => server.stop());
    const connection = await ourClient(server.port);
    const two = await connection.root.callRemote("getTwo");
    const told: string[] = [];
    two.onDisconnect(({ code }: { code: string }) => told.push(code));
    const waiting = connection.root.callRemote("later", 600, "never").then(
      () => expect.fail("it was answered"),
      (error: unknown) => error,
    );
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    await server.stop();
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(error).toMatchObject({ executed: "unknown", reason: await connection.closed });
    expect(["PEER_CLOSED", "TRANSPORT_FAILED"]).toContain((await connection.closed).code);
    expect(told).toEqual([(await connection.closed).code]);
    await expect(two.callRemote("three", 1)).rejects.toBeInstanceOf(DeadReferenceError);
  }, 60_000);
});
