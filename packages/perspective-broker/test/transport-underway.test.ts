// What a transport shows of a write that goes on: whether the other side takes any of it.
import { describe, expect, it } from "vitest";
import { connectedEnds, kinds, record } from "./support/transports.ts";

const WHOLE = 32 * 1024 * 1024;

describe.each(kinds.filter(({ name }) => name !== "mutual tls"))("over $name", (kind) => {
  it("what is underway changes while some of what waits leaves, and only then", async () => {
    const { near, far } = await connectedEnds(kind);
    record(near);
    far.pause();
    const reader = record(far);
    const underway = (): number => near.underway ?? near.unsent;
    for (let i = 0; i < 32; i++) near.write(new Uint8Array(WHOLE / 32));
    const settled = async (): Promise<number> => {
      let before = underway();
      for (let same = 0; same < 20; ) {
        await new Promise((resolve) => setImmediate(resolve));
        same = underway() === before ? same + 1 : 0;
        before = underway();
      }
      return before;
    };
    const first = await settled();
    expect(first).toBeGreaterThan(0);
    far.resume();
    await reader.received(WHOLE / 2);
    far.pause();
    const second = await settled();
    expect(second).not.toBe(first);
    far.resume();
    await reader.received(WHOLE);
    for (let turn = 0; turn < 100 && underway() > 0; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(underway()).toBe(0);
  });
});
