// Failed logins by address: refused for a while that grows, in a table that does not.
import { describe, expect, it } from "vitest";
import { addressKey } from "../../src/cred/peer-address.ts";
import { LoginLimiter, type RateLimit } from "../../src/cred/rate-limit.ts";
import {
  MemoryUsers,
  Portal,
  type PortalOptions,
  TooManyLogins,
  UnauthorizedLogin,
  UsernamePassword,
} from "../../src/index.ts";
import { errorOf, Link, ManualClock, NotedRealm } from "./loopback.ts";

const right = new UsernamePassword("alice", "secret");
const wrong = new UsernamePassword("alice", "wrong");
const byMD5 = { allowMD5: "only" } as const;

function limited(rateLimit: Partial<RateLimit> = {}, options: PortalOptions = {}) {
  const clock = new ManualClock();
  const users = new MemoryUsers({ alice: "secret" });
  const portal = new Portal(new NotedRealm(), { checkers: [users], md5: true, clock, rateLimit, ...options });
  const from = (address: string, scheme = "tcp") => new Link(portal, { peer: { scheme, address } });
  return { clock, from };
}

describe("after some failed logins", () => {
  it("an address is refused, also with the right password, for a while that doubles", async () => {
    const { clock, from } = limited();
    for (let i = 0; i < 5; i++)
      expect(await errorOf(from("192.0.2.1:5").login(wrong))).toBeInstanceOf(UnauthorizedLogin);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const error = await errorOf(from("192.0.2.1:6").login(right));
      expect(error).toBeInstanceOf(TooManyLogins);
      expect(error.code).toBe("TOO_MANY_LOGINS");
      waits.push(error.retryAfter);
      clock.time += error.retryAfter;
      expect(await errorOf(from("192.0.2.1:7").login(wrong, byMD5))).toBeInstanceOf(UnauthorizedLogin);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    clock.time += 60_000;
    await from("192.0.2.1:8").login(right);
  });

  it("other addresses are not", async () => {
    const { from } = limited();
    for (let i = 0; i < 6; i++) await errorOf(from("192.0.2.1:5").login(wrong));
    await from("192.0.2.2:5").login(right);
  });

  it("whichever way they were tried", async () => {
    const { from } = limited({ failures: 2 });
    await errorOf(from("192.0.2.1:5").login(wrong, byMD5));
    await errorOf(from("192.0.2.1:5").login(wrong));
    const link = from("192.0.2.1:5");
    expect(await errorOf(link.root.callRemote("loginScram", "n,,n=alice,r=a,d=pb"))).toMatchObject({
      type: "perspective_broker.TooManyLogins",
    });
    expect(await errorOf(link.root.callRemote("login", "alice"))).toMatchObject({
      type: "perspective_broker.TooManyLogins",
    });
  });

  it("they are forgotten when none was added for long", async () => {
    const { clock, from } = limited();
    for (let i = 0; i < 4; i++) await errorOf(from("192.0.2.1:5").login(wrong));
    clock.time += 900_001;
    for (let i = 0; i < 5; i++)
      expect(await errorOf(from("192.0.2.1:5").login(wrong))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("a login that succeeds does not clear them: the next guesser may have an account", async () => {
    const { from } = limited();
    for (let i = 0; i < 4; i++) await errorOf(from("192.0.2.1:5").login(wrong));
    await from("192.0.2.1:5").login(right);
    await errorOf(from("192.0.2.1:5").login(wrong));
    expect(await errorOf(from("192.0.2.1:5").login(right))).toBeInstanceOf(TooManyLogins);
  });

  it("a thousand guesses at the same moment are no more than a few", async () => {
    const { from } = limited();
    const link = from("192.0.2.1:5");
    const [, challenger] = await link.root.callRemote("login", "alice");
    const guesses = Array.from({ length: 1000 }, () =>
      errorOf(challenger.callRemote("respond", new Uint8Array(16), null)),
    );
    const types = (await Promise.all(guesses)).map((error) => error.type);
    expect(types.filter((type) => type === "twisted.cred.error.UnauthorizedLogin")).toHaveLength(5);
    expect(types.filter((type) => type === "perspective_broker.TooManyLogins")).toHaveLength(995);
  });

  it("a crowd with the right password comes in, from one address at the same moment", async () => {
    const { from } = limited();
    await Promise.all(Array.from({ length: 100 }, () => from("192.0.2.1:5").login(right, byMD5)));
  });

  it("nothing is refused with rateLimit: false", async () => {
    const { from } = limited({}, { rateLimit: false });
    for (let i = 0; i < 20; i++)
      expect(await errorOf(from("192.0.2.1:5").login(wrong))).toBeInstanceOf(UnauthorizedLogin);
  });
});

describe("the table of addresses", () => {
  it("is bounded, and forgets the one that failed longest ago", async () => {
    const clock = new ManualClock();
    const limiter = new LoginLimiter({ addresses: 3, failures: 1 }, clock);
    for (let i = 0; i < 10; i++) (await limiter.admit(`host ${i}`))("failed");
    expect(limiter.size).toBe(3);
    expect(() => limiter.check("host 6")).not.toThrow();
    for (const i of [7, 8, 9]) expect(() => limiter.check(`host ${i}`)).toThrow(TooManyLogins);
  });

  it("keeps nobody who did not fail", async () => {
    const limiter = new LoginLimiter({}, new ManualClock());
    const ended = await limiter.admit("host");
    expect(limiter.size).toBe(1);
    ended("passed");
    expect(limiter.size).toBe(0);
    (await limiter.admit("host"))("undecided");
    expect(limiter.size).toBe(0);
  });

  it("refuses new addresses while all that it has are being decided", async () => {
    const limiter = new LoginLimiter({ addresses: 2 }, new ManualClock());
    const ended = [await limiter.admit("a"), await limiter.admit("b")];
    await expect(limiter.admit("c")).rejects.toThrow(TooManyLogins);
    ended[0]?.("passed");
    await limiter.admit("c");
  });

  it("bounds those who wait", async () => {
    const limiter = new LoginLimiter({ failures: 1, waiting: 2 }, new ManualClock());
    const ended = await limiter.admit("host");
    const waiting = [limiter.admit("host"), limiter.admit("host")];
    await expect(limiter.admit("host")).rejects.toThrow(TooManyLogins);
    ended("passed");
    (await waiting[0])?.("passed");
    (await waiting[1])?.("passed");
    expect(limiter.size).toBe(0);
  });

  it("refuses options that make no sense", () => {
    const make = (options: object) => () => new LoginLimiter(options, new ManualClock());
    expect(make({ failures: 0 })).toThrow(RangeError);
    expect(make({ failure: 3 })).toThrow(TypeError);
  });
});

describe("an address", () => {
  it.each([
    ["tcp", "192.0.2.1:50000", "192.0.2.1"],
    ["tls", "[2001:db8:0:1:a:b:c:d]:50000", "2001:db8:0:1::/64"],
    ["tcp", "[2001:db8:0:1::7]:1", "2001:db8:0:1::/64"],
    ["tcp", "[::1]:8800", "0:0:0:0::/64"],
    ["tcp", "[fe80::1%eth0]:8800", "fe80:0:0:0::/64"],
    ["tcp", "[::ffff:192.0.2.1]:8800", "192.0.2.1"],
    ["unix", "/run/pb.sock", "unix:/run/pb.sock"],
    ["memory", "test", "memory:test"],
  ])("%s %s is counted as %s", (scheme, address, key) => {
    expect(addressKey({ scheme, address })).toBe(key);
  });
});
