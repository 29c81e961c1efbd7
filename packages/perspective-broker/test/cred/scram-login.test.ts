// Logging in by SCRAM-SHA-256: what a thief, a false server and somebody between the two get out of it.
import { describe, expect, it } from "vitest";
import { loginCrypto } from "../../src/cred/crypto.ts";
import {
  DowngradeDetected,
  InsecureLogin,
  IterationsOutOfBounds,
  type LoginCrypto,
  LoginExchangeError,
  MemoryUsers,
  PlainPassword,
  Portal,
  type PortalOptions,
  type RemoteError,
  storedUser,
  UnauthorizedLogin,
  UsernamePassword,
} from "../../src/index.ts";
import { countingRandom, errorOf, Link, type LinkOptions, ManualClock, NotedRealm } from "./loopback.ts";

const alice = new UsernamePassword("alice", "secret");
const tls = Uint8Array.from({ length: 32 }, (_, i) => i);

function portal(options: PortalOptions = {}) {
  const realm = new NotedRealm();
  const users = new MemoryUsers({ alice: "secret", "Gr\u00fcn, =": "pencil" });
  const made = new Portal(realm, { checkers: [users], rateLimit: false, ...options });
  return { realm, portal: made };
}

function linked(link: LinkOptions = {}, options: PortalOptions = {}) {
  const { realm, portal: made } = portal(options);
  return { realm, link: new Link(made, link) };
}

describe("login by SCRAM-SHA-256", () => {
  it("gives the avatar of the user, in two calls", async () => {
    const { link, realm } = linked();
    const avatar = await link.login(alice, { mind: "mine" });
    expect(await avatar.callRemote("whoami")).toBe("alice");
    expect(realm.asked).toEqual([{ principal: "alice", mind: "mine", logouts: 0 }]);
    expect(link.calls.slice(0, 2)).toEqual(["loginScram", "prove"]);
  });

  it("takes every name", async () => {
    const { link, realm } = linked();
    await link.login(new UsernamePassword("Gr\u00fcn, =", "pencil"));
    expect(realm.asked[0]?.principal).toBe("Gr\u00fcn, =");
  });

  it.each([
    ["the wrong password", new UsernamePassword("alice", "wrong")],
    ["an unknown user", new UsernamePassword("mallory", "secret")],
    ["a name in other letters", new UsernamePassword("Alice", "secret")],
    ["a name of 2 KB", new UsernamePassword("x".repeat(2000), "secret")],
  ])("refuses %s, always in the same words", async (_, credentials) => {
    const { link, realm } = linked();
    const error = await errorOf(link.login(credentials));
    expect(error).toBeInstanceOf(UnauthorizedLogin);
    expect(error.cause.message).toBe("");
    expect(realm.asked).toEqual([]);
  });

  it("puts nothing on the wire that logs in again", async () => {
    const { link } = linked();
    await link.login(alice);
    const [[first], , [final]] = link.crossed as any[];
    const { root } = link;
    const [, exchange] = await root.callRemote("loginScram", first);
    const error: RemoteError = await errorOf(exchange.callRemote("prove", final, null));
    expect(error.type).toBe("perspective_broker.LoginExchangeError");
    expect(JSON.stringify(link.crossed)).not.toContain("secret");
  });

  it("takes one proof", async () => {
    const { link } = linked();
    const [, exchange] = await link.root.callRemote("loginScram", "n,,n=alice,r=abc,d=pb none");
    for (let i = 0; i < 2; i++) {
      const error: RemoteError = await errorOf(exchange.callRemote("prove", "c=biws,r=abc,p=AQI=", null));
      expect(error.message).toBe(i === 0 ? "the nonce is not that of this login" : "a login takes one proof");
    }
  });

  it("takes it within a minute", async () => {
    const clock = new ManualClock();
    const { link } = linked({}, { clock });
    // The client's key takes it longer than that.
    const pbkdf2Sha256: LoginCrypto["pbkdf2Sha256"] = (...args) => {
      clock.time += 60_001;
      return loginCrypto(undefined).pbkdf2Sha256(...args);
    };
    const login = link.login(alice, { crypto: { pbkdf2Sha256 } });
    expect(await errorOf(login)).toBeInstanceOf(LoginExchangeError);
  });
});

describe("an unknown user", () => {
  it("has a salt that stays, and the same iteration count as the others", async () => {
    const { portal: made } = portal({ serverSecret: "0123456789abcdef" });
    const first = async (name: string, to = made) =>
      (await new Link(to).root.callRemote("loginScram", `n,,n=${name},r=abc,d=pb`))[0].replace(/^r=[^,]*,/, "");
    const mallory = await first("mallory");
    expect(mallory).toMatch(/^s=[A-Za-z0-9+/]{22}==,i=4096$/);
    expect(await first("alice")).toMatch(/^s=[A-Za-z0-9+/]{22}==,i=4096$/);
    expect(await first("mallory")).toBe(mallory);
    expect(await first("marvin")).not.toBe(mallory);
    // Also after a restart with the same secret; with another, another.
    expect(await first("mallory", portal({ serverSecret: "0123456789abcdef" }).portal)).toBe(mallory);
    expect(await first("mallory", portal().portal)).not.toBe(mallory);
  });

  it("has the iteration count that the Portal says, else the store's, else that of new verifiers", async () => {
    const store = (iterations?: number) => ({ kinds: ["scram"] as const, findUser: () => undefined, iterations });
    const count = async (options: PortalOptions) => {
      const link = new Link(new Portal(new NotedRealm(), options));
      return /i=(\d+)$/.exec((await link.root.callRemote("loginScram", "n,,n=x,r=abc,d=pb"))[0])?.[1];
    };
    expect(await count({ checkers: [store(5000)], iterations: 6000 })).toBe("6000");
    expect(await count({ checkers: [store(5000)] })).toBe("5000");
    expect(await count({ checkers: [store()] })).toBe("600000");
  });

  it.each([
    ["scram", {}, UsernamePassword],
    ["md5", { allowMD5: "only" }, UsernamePassword],
    ["plain", {}, PlainPassword],
  ] as const)("costs by %s the same operations as a wrong password", async (_, options, Kind) => {
    const counted: string[] = [];
    const own = loginCrypto(undefined);
    const noted = Object.fromEntries(
      Object.entries(own).map(([name, fn]) => [
        name,
        (...args: any[]) => {
          counted.push(`${name}(${args.map((arg) => arg?.length ?? arg)})`);
          return (fn as any)(...args);
        },
      ]),
    );
    const { portal: made } = portal({ crypto: noted, md5: true, random: countingRandom() });
    const operations = async (name: string, password: string) => {
      counted.length = 0;
      const link = new Link(made, { secure: true });
      const error = await errorOf(link.login(new Kind(name, password), options));
      expect(error).toBeInstanceOf(UnauthorizedLogin);
      return counted.slice();
    };
    const wrong = await operations("alice", "wrong!");
    expect(wrong.length).toBeGreaterThan(2);
    // Names of the same length, so that the lengths of what is computed on are the same.
    expect(await operations("malik", "wrong!")).toEqual(wrong);
    expect(await operations("malik", "secret")).toEqual(wrong);
  });

  it("is what a user is whose verifier cannot be read, except in this side's log", async () => {
    const logged: unknown[] = [];
    const users = new MemoryUsers().add("alice", { verifier: "SCRAM-SHA-256$broken" }).add("bob", { md5: "x" });
    const { link } = linked({}, { checkers: [users], md5: true, log: ({ error }) => void logged.push(error) });
    expect(await errorOf(link.login(alice))).toBeInstanceOf(UnauthorizedLogin);
    expect(await errorOf(link.login(new UsernamePassword("bob", "x"), { allowMD5: "only" }))).toBeInstanceOf(
      UnauthorizedLogin,
    );
    expect(logged).toMatchObject([{ code: "BAD_USER_STORE" }, { code: "BAD_USER_STORE" }]);
  });
});

describe("a false server", () => {
  const answering = (change: (method: string, result: any) => unknown) => linked({ tamper: change }).link;

  it("that cannot prove that it knows the user is not believed, and its avatar is given back", async () => {
    const link = answering((method, result) =>
      method === "prove" ? [`v=${btoa("x".repeat(32))}`, result[1]] : result,
    );
    const error = await errorOf(link.login(alice));
    expect(error).toBeInstanceOf(LoginExchangeError);
    expect(link.held).toBe(0);
  });

  it.each([1, 4095, 1_000_001, 9_999_999_999])("is not given %i iterations", async (count) => {
    const link = answering((method, result) =>
      method === "loginScram" ? [result[0].replace(/i=\d+/, `i=${count}`), result[1]] : result,
    );
    expect(await errorOf(link.login(alice))).toBeInstanceOf(IterationsOutOfBounds);
    expect(link.calls).toEqual(["loginScram"]);
    expect(link.held).toBe(0);
  });

  it.each([
    ["another nonce", (text: string) => text.replace(/^r=/, "r=x")],
    ["the client's nonce alone", (text: string) => text.replace(/^r=([^,]{24})[^,]*/, "r=$1")],
    ["no text", () => 7],
  ])("is left when it answers with %s", async (_, change) => {
    const link = answering((method, result) => (method === "loginScram" ? [change(result[0]), result[1]] : result));
    expect(await errorOf(link.login(alice))).toBeInstanceOf(LoginExchangeError);
    expect(link.calls).toEqual(["loginScram"]);
  });

  it.each([null, 7, [], ["r=abc", "no reference"], [1, 2, 3]])("is left when it answers with %j", async (answer) => {
    const link = answering(() => answer);
    expect(await errorOf(link.login(alice))).toBeInstanceOf(LoginExchangeError);
  });
});

describe("somebody between the two", () => {
  it("cannot cut the greeting's dialects unnoticed", async () => {
    const { link, realm } = linked({ dialects: ["pb7", "pb", "none"], clientDialects: ["pb", "none"] });
    expect(await errorOf(link.login(alice))).toBeInstanceOf(DowngradeDetected);
    expect(realm.asked).toEqual([]);
  });

  it("learns nothing of that from a wrong password", async () => {
    const { link } = linked({ dialects: ["pb7", "pb"], clientDialects: ["pb"] });
    expect(await errorOf(link.login(new UsernamePassword("alice", "wrong")))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("must be told the dialects", async () => {
    const { link } = linked();
    const error: RemoteError = await errorOf(link.root.callRemote("loginScram", "n,,n=alice,r=abc"));
    expect(error.type).toBe("perspective_broker.LoginExchangeError");
  });

  it("cannot end TLS and log in by what the client says", async () => {
    const { link, realm } = linked({ secure: true, binding: tls, clientBinding: tls.toReversed() });
    expect(await errorOf(link.login(alice))).toBeInstanceOf(DowngradeDetected);
    expect(realm.asked).toEqual([]);
  });

  it("cannot talk a client out of binding", async () => {
    const { link } = linked({ secure: true, binding: tls });
    await link.login(alice);
    // The client can, and believes that the server cannot.
    expect(await errorOf(link.login(alice, { channelBinding: false }))).toBeInstanceOf(DowngradeDetected);
  });
});

describe("channel binding", () => {
  it("is used where both ends can", async () => {
    const { link } = linked({ secure: true, binding: tls });
    await link.login(alice);
    expect((link.crossed[0] as string[])[0]).toMatch(/^p=tls-exporter,,/);
  });

  it("is not needed of a client that cannot, unless the Portal wants it", async () => {
    await linked({ secure: true, binding: tls, clientBinding: null }).link.login(alice);
    const { link } = linked({ secure: true, binding: tls, clientBinding: null }, { requireChannelBinding: true });
    expect(await errorOf(link.login(alice))).toBeInstanceOf(InsecureLogin);
  });

  it("is left out at a server behind something that ends TLS, when the client is told so", async () => {
    const { link } = linked({ secure: true, clientBinding: tls });
    const error = await errorOf(link.login(alice));
    expect(error).toBeInstanceOf(LoginExchangeError);
    expect(error.message).toContain("channelBinding: false");
    await link.login(alice, { channelBinding: false });
    expect((link.crossed.at(-4) as string[])[0]).toMatch(/^y,,/);
  });

  it("of another kind is refused", async () => {
    const { link } = linked({ secure: true, binding: tls });
    const error: RemoteError = await errorOf(link.root.callRemote("loginScram", "p=tls-unique,,n=a,r=b,d=pb"));
    expect(error.message).toContain("tls-exporter only");
  });
});

describe("what a store keeps of a password", () => {
  it("logs in, and is nothing that a thief can log in with", async () => {
    const stored = await storedUser("secret", { iterations: 4096 });
    expect(Object.keys(stored)).toEqual(["verifier"]);
    const users = new MemoryUsers().add("alice", stored);
    await linked({}, { checkers: [users] }).link.login(alice);
    const thief = new UsernamePassword("alice", stored.verifier);
    expect(await errorOf(linked({}, { checkers: [users] }).link.login(thief))).toBeInstanceOf(UnauthorizedLogin);
  });
});
