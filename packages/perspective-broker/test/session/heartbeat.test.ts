// The state machine alone: time goes in, questions and a verdict come out.
import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../src/session/heartbeat.ts";
import { ManualClock } from "../support/clock.ts";

/** A heartbeat with a record of when it asked, and of when it gave up, in milliseconds from its beginning. */
function beating({ own = 1000, peer = 0, clock = new ManualClock() } = {}) {
  const start = clock.now();
  const record = { asked: [] as number[], silent: undefined as number | undefined, moved: false };
  const listening = {
    moved: () => {
      const { moved } = record;
      record.moved = false;
      return moved;
    },
    ask: () => void record.asked.push(clock.now() - start),
    silent: () => {
      record.silent = clock.now() - start;
    },
  };
  const heartbeat = new Heartbeat(listening, clock, own, peer);
  return { clock, record, heartbeat };
}

describe("a peer that says nothing", () => {
  it("is asked after each heartbeat, and given up after three", () => {
    const { clock, record } = beating();
    clock.advance(999);
    expect(record.asked).toEqual([]);
    clock.advance(1);
    expect(record.asked).toEqual([1000]);
    clock.advance(1999);
    expect(record).toMatchObject({ asked: [1000, 2000], silent: undefined });
    clock.advance(1);
    expect(record.silent).toBe(3000);
    expect(clock.waiting).toBe(0);
  });

  it.each([
    [10_000, 30_000],
    [300, 900],
    [100, 300],
    [20, 60],
  ])("with a heartbeat of %i ms is given up in time, whenever its last byte came", (own, bound) => {
    for (let last = 0; last < 2 * own; last += own / 16) {
      const { clock, record, heartbeat } = beating({ own });
      clock.advance(last);
      heartbeat.heard = true;
      clock.advance(own * 5);
      const silence = (record.silent as number) - last;
      expect(silence).toBeGreaterThanOrEqual(bound);
      // A quarter of a heartbeat, and the slots of the common timer.
      expect(silence).toBeLessThanOrEqual(bound + own / 4 + 20);
    }
  });

  it("is noticed within a second where the heartbeat is 300 ms", () => {
    for (let last = 0; last < 600; last += 7) {
      const { clock, record, heartbeat } = beating({ own: 300 });
      clock.advance(last);
      heartbeat.heard = true;
      clock.advance(1000);
      expect(record.silent, `last byte after ${last} ms`).toBeLessThanOrEqual(last + 1000);
    }
  });

  it("is given three of its own heartbeats if they are longer, but no more than three minutes", () => {
    const slower = beating({ own: 1000, peer: 5000 });
    slower.clock.advance(14_990);
    expect(slower.record.silent).toBeUndefined();
    expect(slower.record.asked).toHaveLength(14);
    slower.clock.advance(10);
    expect(slower.record.silent).toBe(15_000);
    const endless = beating({ own: 1000, peer: 2 ** 52 });
    endless.clock.advance(180_000);
    expect(endless.record.silent).toBe(180_000);
  });
});

describe("a sign of life", () => {
  it("is every byte, and then nobody is asked", () => {
    const { clock, record, heartbeat } = beating();
    for (let i = 0; i < 100; i++) {
      clock.advance(900);
      heartbeat.heard = true;
    }
    expect(record.silent).toBeUndefined();
    expect(record.asked).toEqual([]);
  });

  it("begins the count again", () => {
    const { clock, record, heartbeat } = beating();
    clock.advance(2900);
    heartbeat.heard = true;
    clock.advance(2999);
    expect(record.silent).toBeUndefined();
    clock.advance(300);
    expect(record.silent).toBe(6000);
  });

  it("is also that the peer takes what had to wait", () => {
    const { clock, record } = beating();
    for (let i = 0; i < 20; i++) {
      clock.advance(2000);
      record.moved = true;
    }
    expect(record.silent).toBeUndefined();
    clock.advance(3250);
    expect(record.silent).toBeDefined();
  });
});

describe("a look that comes much too late", () => {
  it("asks, and gives the peer one more heartbeat", () => {
    const { clock, record } = beating();
    clock.advance(1000);
    clock.jump(3_600_000);
    clock.advance(0);
    expect(record).toMatchObject({ asked: [1000, 3_601_000], silent: undefined });
    clock.advance(999);
    expect(record.silent).toBeUndefined();
    clock.advance(1);
    expect(record.silent).toBe(3_602_000);
  });

  it("forgets the matter when the peer answers", () => {
    const { clock, record, heartbeat } = beating();
    clock.jump(60_000);
    clock.advance(10);
    heartbeat.heard = true;
    clock.advance(2900);
    expect(record.silent).toBeUndefined();
    heartbeat.heard = true;
    clock.advance(250);
    clock.jump(60_000);
    clock.advance(900);
    expect(record.silent).toBeUndefined();
    clock.advance(100);
    expect(record.silent).toBeDefined();
  });

  it("is an excuse once in a silence, so that timers that always come late do not keep a dead peer alive", () => {
    const { clock, record } = beating();
    for (let minute = 0; minute < 2; minute++) {
      expect(record.silent).toBeUndefined();
      clock.jump(60_000);
      clock.advance(0);
    }
    expect(record.silent).toBe(120_000);
  });

  it("does not count if bytes came meanwhile", () => {
    const { clock, record, heartbeat } = beating();
    for (let minute = 0; minute < 10; minute++) {
      clock.jump(60_000);
      heartbeat.heard = true;
      clock.advance(0);
    }
    expect(record).toMatchObject({ silent: undefined, asked: [] });
  });
});

describe("many heartbeats", () => {
  it("share one timer", () => {
    const clock = new ManualClock();
    const all = Array.from({ length: 1000 }, () => beating({ clock }));
    expect(clock.waiting).toBe(1);
    clock.advance(1000);
    expect(clock.made).toBeLessThan(10);
    expect(all.every(({ record }) => record.asked.length === 1)).toBe(true);
  });

  it("leave nothing behind when they are stopped", () => {
    const clock = new ManualClock();
    const one = beating({ clock });
    const two = beating({ clock });
    one.heartbeat.stop();
    two.heartbeat.stop();
    clock.advance(10_000);
    expect([one.record.asked, two.record.asked]).toEqual([[], []]);
    expect(clock.waiting).toBe(0);
  });
});
