// What only the memory transport promises: exact flow control, chunks without a copy, names of this process.
import { describe, expect, it } from "vitest";
import { dialMemory, listenMemory, memoryPair } from "../src/transport/memory.ts";
import { dialers, listeners } from "../src/transport/portable.ts";
import { bytes, codeOf, record } from "./support/transports.ts";

const highWater = 256 * 1024;

describe("a memory pair", () => {
  it("hands on the very chunk, in a microtask", async () => {
    const [near, far] = memoryPair();
    const atFar = record(far);
    const chunk = bytes("x");
    near.write(chunk);
    expect(atFar.chunks).toEqual([]);
    await Promise.resolve();
    expect(atFar.chunks[0]).toBe(chunk);
  });

  it("says false from 256 KiB on that wait, and drains once when the reader has them all", async () => {
    const [near, far] = memoryPair();
    const [atNear, atFar] = [record(near), record(far)];
    far.pause();
    expect(near.write(new Uint8Array(highWater - 1))).toBe(true);
    expect(near.write(bytes("x"))).toBe(false);
    expect(near.unsent).toBe(highWater);
    far.resume();
    await atNear.drained(1);
    expect([atFar.bytes, near.unsent, atNear.drains]).toEqual([highWater, 0, 1]);
    expect(near.write(bytes("x"))).toBe(true);
  });

  it("gives what a handler awaits a turn between two chunks", async () => {
    const [near, far] = memoryPair();
    const atFar = record(far);
    const seen: string[] = [];
    atFar.onData = () => {
      seen.push("chunk");
      void Promise.resolve().then(() => seen.push("continuation"));
    };
    near.writev([bytes("a"), bytes("b")]);
    await atFar.received(2);
    await Promise.resolve();
    expect(seen).toEqual(["chunk", "continuation", "chunk", "continuation"]);
  });

  it("keeps its order over very many chunks", async () => {
    const [near, far] = memoryPair();
    const atFar = record(far);
    far.pause();
    for (let i = 0; i < 100_000; i += 1) near.write(Uint8Array.of(i & 255));
    far.resume();
    await atFar.received(100_000);
    expect(atFar.chunks.every((chunk, index) => chunk[0] === (index & 255))).toBe(true);
  });

  it("ends with an error at the side that did not abort", async () => {
    const [near, far] = memoryPair();
    const [atNear, atFar] = [record(near), record(far)];
    near.write(bytes("dropped"));
    near.abort();
    expect(codeOf(await atFar.end())).toBe("ECONNRESET");
    expect(await atNear.end()).toBeUndefined();
    expect([atFar.bytes, near.unsent]).toEqual([0, 7]);
  });

  it("counts nothing as unsent that a peer will still be given", async () => {
    const [near, far] = memoryPair();
    const atNear = record(near);
    near.write(bytes("later"));
    near.close();
    await atNear.end();
    expect(near.unsent).toBe(0);
    const atFar = record(far);
    await atFar.received(5);
  });
});

describe("memory://name", () => {
  it("lets in nobody once the listener has gone, also who was on the way", async () => {
    let accepted = 0;
    const listener = await listenMemory("memory://leaving", () => (accepted += 1), {});
    const attempt = dialMemory("memory://leaving", {});
    await Promise.resolve(); // it has found the listener, which does not know of it yet
    await listener.close();
    const outcome = await attempt.then((near) => record(near).end()).catch((error: unknown) => error);
    expect(["ECONNRESET", "ECONNREFUSED"]).toContain(codeOf(outcome));
    expect(accepted).toBe(0);
  });

  it("is what a runtime without sockets has", () => {
    expect([...dialers.keys(), ...listeners.keys()]).toEqual(["memory", "memory"]);
  });
});
