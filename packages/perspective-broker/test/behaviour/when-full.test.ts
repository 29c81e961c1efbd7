// What a call does when much waits to be sent: it is refused, or waits for room; nothing is lost, and each target keeps its order.
import { describe, expect, it } from "vitest";
import { CallAborted, LimitExceeded, Referenceable, Root } from "../../src/index.ts";
import { everywhere } from "../support/everywhere.ts";

class Sink extends Root {
  readonly seen: number[] = [];
  remote_take(n: number, bytes: Uint8Array) {
    this.seen.push(n);
    return bytes.length;
  }
  remote_make() {
    return new Thing();
  }
}

class Thing extends Referenceable {
  remote_take(n: number) {
    return n;
  }
}

const block = new Uint8Array(60_000).fill(1);
const limits = { outputBytes: 1_000_000 };

everywhere((meet) => {
  describe("calls when much waits to be sent", () => {
    it("are refused", async () => {
      const { connection } = await meet<Sink>(new Sink(), { client: { limits } });
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_, n) => connection.root.callRemote("take", n, block)),
      );
      const refused = results.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
      expect(refused.length).toBeGreaterThan(0);
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(LimitExceeded);
        expect(reason).toMatchObject({ limit: "outputBytes" });
      }
      expect(results.length - refused.length).toBeGreaterThan(0);
    });

    it("wait for room where that is wanted, in order, with those that ask for no answer", async () => {
      const root = new Sink();
      const { connection } = await meet<Sink>(root, { client: { limits, whenFull: "wait" } });
      const results: Promise<unknown>[] = [];
      for (let n = 0; n < 200; n++) {
        if (n % 4 === 3) connection.root.callRemoteOnly("take", n, block);
        else results.push(connection.root.callRemote("take", n, block));
      }
      expect(await Promise.all(results)).toEqual(results.map(() => block.length));
      await connection.root.callRemote("take", 200, block);
      expect(root.seen).toEqual(Array.from({ length: 201 }, (_, n) => n));
    });

    it("keep what they are called on while they wait", async () => {
      const { connection } = await meet<Sink>(new Sink(), { client: { limits, whenFull: "wait" } });
      const thing = await connection.root.callRemote("make");
      const before = Array.from({ length: 100 }, (_, n) => connection.root.callRemote("take", n, block));
      const last = thing.callRemote("take", 7);
      thing.release();
      expect(await last).toBe(7);
      await Promise.all(before);
    });

    it("end their waiting by their signal, and were not sent then", async () => {
      const root = new Sink();
      const { connection } = await meet<Sink>(root, { client: { limits, whenFull: "wait" } });
      const before = Array.from({ length: 200 }, (_, n) => connection.root.callRemote("take", n, block));
      const abort = new AbortController();
      const given = connection.root.with({ signal: abort.signal }).callRemote("take", 999, block);
      abort.abort("enough");
      await expect(given).rejects.toBeInstanceOf(CallAborted);
      await expect(given).rejects.toMatchObject({ executed: "no" });
      await Promise.all(before);
      await connection.root.callRemote("take", 100, block);
      expect(root.seen).not.toContain(999);
    });
  });
});
