// Calls that wait on this side, for a result or for room, when their connection ends: they fail as those that were sent do.
import { expect, it } from "vitest";
import { none, pb, pb7, Root } from "../../src/index.ts";
import { ends, turnOver } from "../support/ends.ts";

class Slow extends Root {
  go: ((value: number) => void) | undefined;
  remote_later(): Promise<number> {
    return new Promise((resolve) => {
      this.go = resolve;
    });
  }
  remote_take(value: unknown): unknown {
    return value;
  }
}

it.each([pb7, pb, none])("for a result of another connection, dialect $name", async (dialect) => {
  const slow = new Slow();
  const other = await ends<any>(slow);
  const { connection } = await ends<any>(new Slow(), { client: { dialects: [dialect] } });
  const later = other.connection.root.callRemote("later");
  const taken = connection.root.callRemote("take", later);
  const failed = expect(taken).rejects.toMatchObject({ code: "CONNECTION_LOST", executed: "no" });
  await turnOver();
  await connection.close();
  await failed;
  slow.go?.(1);
  expect(await later).toBe(1);
  expect(connection.inspect().awaited).toBe(0);
});

it("for room", async () => {
  const client = { whenFull: "wait", limits: { outputBytes: 1000 } } as const;
  const { connection } = await ends<any>(new Slow(), { client, server: { limits: { calls: 1 } }, untidy: true });
  const calls = Array.from({ length: 60 }, () => connection.root.callRemote("later", "x".repeat(100)));
  const settled = Promise.allSettled(calls);
  await turnOver();
  await connection.close();
  for (const call of await settled)
    expect(call).toMatchObject({ status: "rejected", reason: { code: "CONNECTION_LOST" } });
});
