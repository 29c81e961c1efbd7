// Portal, realm, avatar, logout: each row of section 8 of the spec, and what is Twisted's of it, over a loopback.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { md5 } from "../../src/cred/md5.ts";
import {
  ANONYMOUS,
  Anonymous,
  allowAnonymous,
  type CredentialsChecker,
  CustomCredentials,
  HashedPassword,
  InsecureLogin,
  MemoryUsers,
  PBError,
  PlainPassword,
  Portal,
  type PortalOptions,
  RemoteError,
  type RemoteReference,
  Tuple,
  UnauthorizedLogin,
  UnhandledCredentials,
  UsernamePassword,
} from "../../src/index.ts";
import { countingRandom, errorOf, Link, NotedRealm } from "./loopback.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const users = () => new MemoryUsers({ alice: "secret", bob: "hunter2" });
const byMD5 = { allowMD5: "only" } as const;

function portal(options: PortalOptions = {}) {
  const realm = new NotedRealm();
  const logged: string[] = [];
  const made = new Portal(realm, {
    ...{ checkers: [users(), allowAnonymous()], md5: true, random: countingRandom(), rateLimit: false },
    ...{ log: ({ message }) => void logged.push(message) },
    ...options,
  });
  return { realm, logged, link: new Link(made), portal: made };
}

/** Twisted's client, by hand. */
async function challenged(link: Link, name: unknown): Promise<{ challenge: Uint8Array; challenger: RemoteReference }> {
  const [challenge, challenger] = await link.root.callRemote("login", name);
  return { challenge, challenger };
}

function answer(password: string, challenge: Uint8Array): Uint8Array {
  return md5(Uint8Array.of(...md5(bytes(password)), ...challenge));
}

describe("login by name and password, as Twisted does it (spec §8.1)", () => {
  it("gives a challenge of 16 bytes and what answers it, in a tuple", async () => {
    const { link } = portal();
    const given = await link.root.callRemote("login", bytes("alice"));
    expect(given).toBeInstanceOf(Tuple);
    expect(given[0]).toBeInstanceOf(Uint8Array);
    expect(given[0]).toHaveLength(16);
  });

  it("gives another challenge each time", async () => {
    const { link } = portal();
    const first = await challenged(link, bytes("alice"));
    expect((await challenged(link, bytes("alice"))).challenge).not.toEqual(first.challenge);
  });

  it.each([
    ["bytes", bytes("alice")],
    ["a text", "alice"],
  ])("takes the name as %s, and the principal is its text", async (_, name) => {
    const { link, realm } = portal();
    const { challenge, challenger } = await challenged(link, name);
    const avatar = await challenger.callRemote("respond", answer("secret", challenge), null);
    expect(await avatar.callRemote("whoami")).toBe("alice");
    expect(realm.asked).toEqual([{ principal: "alice", mind: null, logouts: 0 }]);
  });

  it("gives the realm the mind", async () => {
    const { link, realm } = portal();
    const mind = { called: "back" };
    await link.login(new UsernamePassword("alice", "secret"), { ...byMD5, mind });
    expect(realm.asked[0]?.mind).toBe(mind);
  });

  it("takes the same answer again, and gives another avatar", async () => {
    const { link, realm } = portal();
    const { challenge, challenger } = await challenged(link, bytes("alice"));
    const first = await challenger.callRemote("respond", answer("secret", challenge), null);
    const second = await challenger.callRemote("respond", answer("secret", challenge), null);
    expect(first.sameAs(second)).toBe(false);
    expect(realm.asked).toHaveLength(2);
  });

  it("answers a client that gave the challenger back right after it had called it", async () => {
    const { link } = portal();
    const { challenge, challenger } = await challenged(link, bytes("alice"));
    const answered = challenger.callRemote("respond", answer("secret", challenge), null);
    challenger.release();
    expect(await (await answered).callRemote("whoami")).toBe("alice");
  });

  it.each([
    ["the wrong password", bytes("alice"), answer],
    ["an unknown user", bytes("mallory"), answer],
    ["a name that is no UTF-8", Uint8Array.of(0xff), answer],
    ["a name that is a number", 7, answer],
    ["a name of 2 KB", "x".repeat(2048), answer],
    ["an answer that is a text", bytes("alice"), () => "secret"],
    ["an answer that is nothing", bytes("alice"), () => null],
    ["an answer of no bytes", bytes("alice"), () => new Uint8Array(0)],
  ])("refuses %s, always in the same words (spec §7.4)", async (_, name, respond) => {
    const { link, realm, logged } = portal();
    const { challenge, challenger } = await challenged(link, name);
    const error: RemoteError = await errorOf(challenger.callRemote("respond", respond("wrong", challenge), null));
    expect(error.type).toBe("twisted.cred.error.UnauthorizedLogin");
    expect(error.message).toBe("");
    expect(error.parents).toEqual([
      "twisted.cred.error.UnauthorizedLogin",
      "twisted.cred.error.LoginFailed",
      "twisted.cred.error.Unauthorized",
      "builtins.Exception",
      "builtins.BaseException",
      "builtins.object",
    ]);
    expect(error.data).toEqual({});
    expect(realm.asked).toEqual([]);
    expect(logged).toEqual([]);
    // The connection stays usable.
    await link.login(new UsernamePassword("alice", "secret"), byMD5);
  });

  it("is off unless the Portal says so", async () => {
    const { link } = portal({ md5: false });
    const error: RemoteError = await errorOf(link.root.callRemote("login", bytes("alice")));
    expect(error.type).toBe("twisted.cred.error.UnhandledCredentials");
    expect(error.message).toBe("No checker for twisted.cred.credentials.IUsernameHashedPassword");
    expect(error.parents.slice(0, 3)).toEqual([
      "twisted.cred.error.UnhandledCredentials",
      "twisted.cred.error.LoginFailed",
      "builtins.Exception",
    ]);
  });

  it("shows a checker of one's own what Twisted shows: checkPassword and checkMD5Password", async () => {
    const shown: HashedPassword[] = [];
    const checker: CredentialsChecker = {
      kinds: ["md5"],
      requestAvatarId(credentials) {
        if (!(credentials instanceof HashedPassword)) throw new UnauthorizedLogin();
        shown.push(credentials);
        if (credentials.checkPassword("secret") && credentials.checkMD5Password(md5(bytes("secret")))) return 42;
        throw new UnauthorizedLogin();
      },
    };
    const { link, realm } = portal({ checkers: [checker] });
    await link.login(new UsernamePassword("alice", "secret"), byMD5);
    expect(realm.asked[0]?.principal).toBe(42);
    expect(shown[0]?.username).toBe("alice");
    expect(await errorOf(link.login(new UsernamePassword("alice", "other"), byMD5))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("uses a stored MD5 digest, as bytes or digits", async () => {
    const digest = md5(bytes("secret"));
    const store = new MemoryUsers()
      .add("alice", { md5: digest })
      .add("bob", { md5: Buffer.from(digest).toString("hex") });
    const { link } = portal({ checkers: [store] });
    await link.login(new UsernamePassword("alice", "secret"), byMD5);
    await link.login(new UsernamePassword("bob", "secret"), byMD5);
  });
});

describe("anonymous login (spec §8.2)", () => {
  it("asks the realm for the empty tuple", async () => {
    const { link, realm } = portal();
    const avatar = await link.login(new Anonymous(), { mind: "mine" });
    expect(realm.asked).toEqual([{ principal: ANONYMOUS, mind: "mine", logouts: 0 }]);
    expect(realm.asked[0]?.principal).toBe(ANONYMOUS);
    expect(await avatar.callRemote("whoami")).toEqual(new Tuple());
  });

  it("is refused without a checker for it, in Twisted's words", async () => {
    const { link } = portal({ checkers: [users()] });
    const error = await errorOf(link.login(new Anonymous()));
    expect(error).toBeInstanceOf(UnhandledCredentials);
    expect(error.message).toBe("No checker for twisted.cred.credentials.IAnonymous");
  });
});

describe("Portal, realm, avatar, logout (spec §8.3)", () => {
  it("takes the checker of the first kind that was registered and that the credentials have, and no second", async () => {
    const asked: string[] = [];
    const checker = (name: string, kind: string): CredentialsChecker => ({
      kinds: [kind],
      requestAvatarId() {
        asked.push(name);
        throw new UnauthorizedLogin();
      },
    });
    const portal = new Portal(new NotedRealm(), {
      checkers: [checker("first", "a"), checker("second", "b"), checker("third", "a")],
      rateLimit: false,
    });
    const link = new Link(portal, { secure: true });
    await errorOf(link.login(new CustomCredentials("b", null)));
    await errorOf(link.login(new CustomCredentials("a", null)));
    expect(asked).toEqual(["second", "third"]);
  });

  it("refuses a checker for kinds that it does not serve", () => {
    const made = new Portal(new NotedRealm());
    expect(() => made.registerChecker(allowAnonymous(), ["scram"])).toThrow(TypeError);
    expect(() => made.registerChecker({ kinds: ["scram"], requestAvatarId: () => 1 })).toThrow(TypeError);
  });

  it("lets several avatars be in use on one connection, each with its own logout (login_concurrent)", async () => {
    const { link, realm } = portal();
    const [alice, bob, again] = await Promise.all([
      link.login(new UsernamePassword("alice", "secret")),
      link.login(new UsernamePassword("bob", "hunter2")),
      link.login(new UsernamePassword("alice", "secret")),
    ]);
    bob.release();
    expect(realm.asked.map(({ principal, logouts }) => [principal, logouts]).sort()).toEqual([
      ["alice", 0],
      ["alice", 0],
      ["bob", 1],
    ]);
    alice.release();
    again.release();
    link.disconnect();
    expect(realm.asked.map(({ logouts }) => logouts)).toEqual([1, 1, 1]);
  });

  it("logs out once when the connection ends", async () => {
    const { link, realm } = portal();
    await link.login(new Anonymous());
    link.disconnect();
    link.disconnect();
    expect(realm.asked[0]?.logouts).toBe(1);
  });

  it("logs out once, however often the connection says so", async () => {
    let logouts = 0;
    const told: (() => void)[] = [];
    const realm = { requestAvatar: () => ({ avatar: {}, logout: () => void logouts++ }) };
    const { host } = new Link(new Portal(realm));
    const portal = new Portal(realm, { checkers: [allowAnonymous()] });
    const root = portal.rootObject({
      ...host,
      avatarReference(_avatar, _principal, logout) {
        told.push(logout);
        return portal.rootObject(host);
      },
    });
    await root.callRemote("loginAnonymous" as never, ...([null] as never));
    for (const logout of [...told, ...told]) logout();
    expect(logouts).toBe(1);
  });

  it("logs out when the avatar cannot be handed out", async () => {
    let logouts = 0;
    const realm = { requestAvatar: () => ({ avatar: {}, logout: () => void logouts++ }) };
    const portal = new Portal(realm, { checkers: [allowAnonymous()] });
    const link = new Link(portal);
    const full = () => {
      throw new Error("too many references");
    };
    const root = portal.rootObject({ ...link.host, avatarReference: full });
    expect((await errorOf(root.callRemote("loginAnonymous" as never, ...([null] as never)))).message).toBe(
      "too many references",
    );
    expect(logouts).toBe(1);
  });

  it("logs out at once when the connection ended while the realm was thinking, and hands nothing out", async () => {
    let logouts = 0;
    let ready = () => {};
    const thinking = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const realm = {
      async requestAvatar() {
        await thinking;
        return { avatar: {}, logout: () => void logouts++ };
      },
    };
    const link = new Link(new Portal(realm, { checkers: [allowAnonymous()] }));
    const login = errorOf(link.login(new Anonymous()));
    await new Promise(setImmediate);
    link.disconnect();
    ready();
    await login;
    expect(logouts).toBe(1);
    expect(link.held).toBe(0);
  });

  it("passes on what a realm throws or rejects with", async () => {
    class Closed extends PBError {
      static override wireName = "shop.Closed";
    }
    for (const requestAvatar of [
      () => {
        throw new Closed("come back tomorrow");
      },
      () => Promise.reject(new Closed("come back tomorrow")),
    ]) {
      const link = new Link(new Portal({ requestAvatar }, { checkers: [allowAnonymous()] }));
      const error: RemoteError = await errorOf(link.login(new Anonymous()));
      expect([error.type, error.message]).toEqual(["shop.Closed", "come back tomorrow"]);
    }
  });

  it("tells of a logout that throws or rejects, and goes on", async () => {
    const logged: unknown[] = [];
    for (const logout of [
      () => {
        throw new Error("first");
      },
      () => Promise.reject(new Error("second")),
    ]) {
      const realm = { requestAvatar: () => ({ avatar: {}, logout }) };
      const portal = new Portal(realm, { checkers: [allowAnonymous()], log: ({ error }) => void logged.push(error) });
      const link = new Link(portal);
      (await link.login(new Anonymous())).release();
    }
    await new Promise(setImmediate);
    expect(logged).toEqual([new Error("first"), new Error("second")]);
  });

  it("hides a store's own faults from the peer, and logs them", async () => {
    const logged: unknown[] = [];
    const store = {
      kinds: ["scram", "plain", "md5"] as const,
      findUser: () => Promise.reject(new Error("cannot open /var/lib/users.db")),
    };
    const { link } = portal({ checkers: [store], log: ({ error }) => void logged.push(error) });
    for (const options of [{}, byMD5]) {
      const error: RemoteError = await errorOf(link.login(new UsernamePassword("alice", "secret"), options));
      expect([error.type, error.message]).toEqual(["twisted.cred.error.LoginFailed", "logins cannot be checked now"]);
    }
    expect(logged).toHaveLength(2);
  });

  it("tells an audit of each attempt", async () => {
    const told: unknown[] = [];
    const { link } = portal({ onLogin: (event) => void told.push(event) });
    await link.login(new UsernamePassword("alice", "secret"));
    await errorOf(link.login(new UsernamePassword("alice", "wrong"), byMD5));
    await link.login(new Anonymous());
    const address = "192.0.2.1:50000";
    expect(told).toEqual([
      { outcome: "accepted", kind: "scram", username: "alice", address },
      { outcome: "refused", kind: "md5", username: "alice", address },
      { outcome: "accepted", kind: "anonymous", username: undefined, address },
    ]);
  });

  it("refuses a secret that can be guessed", () => {
    expect(() => new Portal(new NotedRealm(), { serverSecret: "short" })).toThrow(RangeError);
  });
});

describe("the client's side (spec §8.4)", () => {
  it("tries SCRAM first, and MD5 only when it is allowed", async () => {
    const store = new MemoryUsers({ alice: "secret" });
    const twisted = () => {
      const made = new Portal(new NotedRealm(), { md5: true });
      made.registerChecker(store, ["md5"]);
      return new Link(made);
    };
    const link = twisted();
    const refused = await errorOf(link.login(new UsernamePassword("alice", "secret")));
    expect(refused).toBeInstanceOf(InsecureLogin);
    expect(link.calls).toEqual(["loginScram"]);
    await link.login(new UsernamePassword("alice", "secret"), { allowMD5: true });
    expect(link.calls.slice(1)).toEqual(["loginScram", "login", "respond"]);
    const only = twisted();
    await only.login(new UsernamePassword("alice", "secret"), byMD5);
    expect(only.calls).toEqual(["login", "respond"]);
  });

  it("never answers by MD5 after a refused SCRAM", async () => {
    const { link } = portal();
    const error = await errorOf(link.login(new UsernamePassword("alice", "wrong"), { allowMD5: true }));
    expect(error).toBeInstanceOf(UnauthorizedLogin);
    expect(error.cause).toBeInstanceOf(RemoteError);
    expect(link.calls).toEqual(["loginScram", "prove"]);
  });

  it("answers challenges of 16 bytes only", async () => {
    const { portal: made } = portal();
    const tamper = (method: string, result: any) => (method === "login" ? [bytes("x".repeat(100)), result[1]] : result);
    const link = new Link(made, { tamper });
    const error = await errorOf(link.login(new UsernamePassword("alice", "secret"), byMD5));
    expect(error.code).toBe("LOGIN_EXCHANGE");
    expect(link.calls).toEqual(["login"]);
  });

  it("takes names as bytes, too, and refuses secrets that are none", () => {
    expect(new UsernamePassword(bytes("gr\u00fcn"), "x").username).toBe("gr\u00fcn");
    expect(() => new UsernamePassword("alice", bytes("secret") as never)).toThrow(TypeError);
    expect(() => new UsernamePassword(Uint8Array.of(0xff), "x")).toThrow(TypeError);
  });

  it("leaves no reference but the avatar's", async () => {
    const { link } = portal();
    const avatars = [
      await link.login(new UsernamePassword("alice", "secret")),
      await link.login(new UsernamePassword("alice", "secret"), byMD5),
    ];
    await errorOf(link.login(new UsernamePassword("alice", "wrong")));
    await errorOf(link.login(new UsernamePassword("alice", "wrong"), byMD5));
    expect(link.held).toBe(2);
    for (const avatar of avatars) avatar.release();
    expect(link.held).toBe(0);
  });
});

describe("a password or token as it is", () => {
  it("is neither sent nor taken without TLS", async () => {
    const { link } = portal();
    expect(await errorOf(link.login(new PlainPassword("alice", "secret")))).toBeInstanceOf(InsecureLogin);
    expect(link.calls).toEqual([]);
    const error: RemoteError = await errorOf(link.root.callRemote("loginWith", "plain", ["alice", "secret"], null));
    expect(error.type).toBe("perspective_broker.InsecureLogin");
  });

  it("is compared with the verifier over TLS", async () => {
    const { portal: made, realm } = portal();
    const link = new Link(made, { secure: true });
    await link.login(new PlainPassword("alice", "secret"), { mind: "mine" });
    expect(realm.asked).toEqual([{ principal: "alice", mind: "mine", logouts: 0 }]);
    for (const wrong of [new PlainPassword("alice", "wrong"), new PlainPassword("mallory", "secret")]) {
      expect(await errorOf(link.login(wrong))).toBeInstanceOf(UnauthorizedLogin);
    }
  });

  it("is refused when it is malformed", async () => {
    const { portal: made } = portal();
    const { root } = new Link(made, { secure: true });
    for (const [kind, payload] of [
      ["plain", "alice"],
      ["plain", ["alice"]],
      ["plain", ["alice", 7]],
      ["bearer", 7],
      ["scram", null],
      [7, null],
    ]) {
      const error: RemoteError = await errorOf(root.callRemote("loginWith", kind, payload, null));
      expect(error.type, String(kind)).toBe("perspective_broker.LoginExchangeError");
    }
  });

  it("is in nothing that can be printed", () => {
    for (const credentials of [
      new UsernamePassword("alice", "geheim"),
      new PlainPassword("alice", "geheim"),
      new CustomCredentials("otp", "geheim"),
    ]) {
      expect(inspect(credentials, { showHidden: true, depth: 9 }) + JSON.stringify(credentials)).not.toContain(
        "geheim",
      );
    }
  });
});
