// A login as it is on the wire (spec §8.1 to §8.4), and the logout: when the last receipt is back, or the connection has ended,
// whichever is first, and once.
import { createHash } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import "../../src/cred/login.ts"; // loaded at the first login; to load it takes longer than a raw peer waits for its first words
import {
  ANONYMOUS,
  Anonymous,
  Avatar,
  type AvatarLogin,
  allowAnonymous,
  listen,
  MemoryUsers,
  PBError,
  Portal,
  Referenceable,
  RemoteReference,
  storedUser,
  UnauthorizedLogin,
  UsernamePassword,
} from "../../src/index.ts";
import { until } from "../support/ends.ts";
import { Counter, conversation, failure, message, NONE, text } from "../support/flavors.ts";
import { type RawPeer, rawClient, type Term } from "../support/raw-peer.ts";

class User extends Avatar {
  readonly name: unknown;
  constructor(name: unknown) {
    super();
    this.name = name;
  }
  perspective_name() {
    return this.name;
  }
}

class Realm {
  readonly asked: { principal: unknown; mind: unknown }[] = [];
  readonly logouts: unknown[] = [];
  readonly users: unknown[] = [];
  requestAvatar(principal: unknown, mind: unknown): AvatarLogin | Promise<AvatarLogin> {
    const number = this.asked.push({ principal, mind });
    const avatar = new User(principal);
    this.users.push(avatar);
    return { avatar, logout: () => this.logouts.push(number) };
  }
}

let places = 0;
// Made once: it takes a while, on another thread.
const alice = await storedUser("secret", { md5: true, iterations: 4096 });

async function place(realm = new Realm(), anonymous = true) {
  const users = new MemoryUsers({ alice });
  const checkers = anonymous ? [users, allowAnonymous()] : [users];
  const portal = new Portal(realm, { checkers, md5: true, log: () => {} });
  const server = await listen(portal, `memory://login-${++places}`, { log: () => {} });
  onTestFinished(() => server.close());
  return { realm, server, peer: await rawClient(server) };
}

function md5(...parts: (string | Uint8Array)[]): Uint8Array {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const latin1 = (bytes: string): Uint8Array => Buffer.from(bytes, "latin1");
const answerTo = (challenge: string, password: string) => md5(md5(password), latin1(challenge));

/** `login(name)`: the challenge, and the luid of what answers it. */
async function challenged(peer: RawPeer, name: Term, id = 1): Promise<[challenge: string, challenger: number]> {
  peer.says(message(id, "root", "login", name));
  const [answer, request, form] = (await peer.hears()) as [string, number, Term[]];
  expect([answer, request, form[0]]).toEqual(["answer", id, "tuple"]);
  expect(form).toHaveLength(3);
  const [remote, luid] = form[2] as [string, number];
  expect(remote).toBe("remote");
  return [form[1] as string, luid];
}

describe("§8.1 user name and password, at the server", () => {
  it("is the exchange of the specification, message by message", async () => {
    const { peer, realm, server } = await place();
    const [challenge, challenger] = await challenged(peer, "alice");
    expect(challenge).toHaveLength(16);
    expect(challenger).toBe(1);
    peer.says(message(2, 1, "respond", answerTo(challenge, "secret"), NONE), ["decref", 1]);
    expect(await peer.hears()).toEqual(["answer", 2, ["remote", 2]]);
    expect(realm.asked).toEqual([{ principal: "alice", mind: null }]);
    const [connection] = server.connections;
    expect(connection?.inspect().exports).toEqual([{ id: 2, class: "AvatarReference", count: 1 }]);
    peer.says(message(3, 2, "name"));
    expect(await peer.hears()).toEqual(["answer", 3, text("alice")]);
  });

  it("the name may be a text, too", async () => {
    const { peer } = await place();
    const [challenge, challenger] = await challenged(peer, text("alice"));
    peer.says(message(2, challenger, "respond", answerTo(challenge, "secret"), NONE));
    expect(await peer.hears()).toEqual(["answer", 2, ["remote", 2]]);
  });

  it("the mind is any value; a reference can be called back", async () => {
    const { peer, realm } = await place();
    const [challenge, challenger] = await challenged(peer, "alice");
    peer.says(message(2, challenger, "respond", answerTo(challenge, "secret"), ["remote", 5]));
    await peer.hears();
    const mind = realm.asked[0]?.mind as RemoteReference;
    expect(mind).toBeInstanceOf(RemoteReference);
    mind.callRemoteOnly("hello");
    expect(await peer.hears()).toEqual(["message", 1, 5, "hello", 0, ["tuple"], ["dictionary"]]);
  });

  it("a wrong password and an unknown user cannot be told apart, and the connection stays", async () => {
    const { peer, realm } = await place();
    const errors: unknown[] = [];
    for (const [name, password] of [
      ["alice", "wrong"],
      ["nobody", "secret"],
    ] as const) {
      const [challenge, challenger] = await challenged(peer, name);
      peer.says(message(2, challenger, "respond", answerTo(challenge, password), NONE), ["decref", challenger]);
      const heard = await peer.hears();
      errors.push(failure(heard));
      expect(JSON.stringify(heard)).toContain(
        JSON.stringify([text("twisted.cred.error.UnauthorizedLogin"), text("twisted.cred.error.LoginFailed")]).slice(
          1,
          -1,
        ),
      );
    }
    expect(errors[0]).toEqual({ request: 2, type: "twisted.cred.error.UnauthorizedLogin", text: expect.any(String) });
    expect(errors[1]).toEqual(errors[0]);
    expect(realm.asked).toEqual([]);
    const [challenge, challenger] = await challenged(peer, "alice");
    peer.says(message(2, challenger, "respond", answerTo(challenge, "secret"), NONE));
    expect((await peer.hears()) as Term[]).toContain("answer");
  });

  it("the challenger is a reference as any: it may be used again, and nobody else's avatar comes of it", async () => {
    const { peer, realm } = await place();
    const [challenge, challenger] = await challenged(peer, "alice");
    const response = answerTo(challenge, "secret");
    peer.says(message(2, challenger, "respond", response, NONE), message(3, challenger, "respond", response, NONE));
    expect([await peer.hears(), await peer.hears()]).toEqual([
      ["answer", 2, ["remote", 2]],
      ["answer", 3, ["remote", 3]],
    ]);
    expect(realm.users[0]).not.toBe(realm.users[1]);
  });
});

describe("§8.1 and §8.4 user name and password, at the client", () => {
  it("is the exchange of the specification; the vector is its own", async () => {
    const { connection, peer } = await conversation();
    const login = connection.login(new UsernamePassword("alice", "secret"), { allowMD5: "only" });
    expect(await peer.hears()).toEqual(message(1, "root", "login", "alice"));
    peer.says(["answer", 1, ["tuple", "0123456789abcdef", ["remote", 1]]]);
    const response = Buffer.from("fb654aad50303a26b539858afb969f27", "hex").toString("latin1");
    expect(await peer.hears()).toEqual(message(2, 1, "respond", response, NONE));
    peer.says(["answer", 2, ["remote", 2]]);
    const avatar = await login;
    expect(avatar).toBeInstanceOf(RemoteReference);
    expect(await peer.hears()).toEqual(["decref", 1]);
    expect(connection.inspect().imports).toEqual([{ id: 2, receipts: 1 }]);
    avatar.callRemoteOnly("post");
    expect(await peer.hears()).toEqual(["message", 3, 2, "post", 0, ["tuple"], ["dictionary"]]);
  });

  it("a mind is sent as what it is", async () => {
    const { connection, peer } = await conversation();
    class Mind extends Referenceable {}
    const login = connection.login(new Anonymous(), { mind: new Mind() });
    expect(await peer.hears()).toEqual(message(1, "root", "loginAnonymous", ["remote", 1]));
    peer.says(["answer", 1, ["remote", 4]]);
    expect(await login).toBeInstanceOf(RemoteReference);
  });

  it("Twisted's refusal is an UnauthorizedLogin", async () => {
    const { connection, peer } = await conversation();
    const login = connection.login(new UsernamePassword("alice", "wrong"), { allowMD5: "only" });
    await peer.hears();
    peer.says(["answer", 1, ["tuple", "0123456789abcdef", ["remote", 1]]]);
    await peer.hears();
    const parents: Term = ["list", text("twisted.cred.error.UnauthorizedLogin"), text("builtins.Exception")];
    const state: Term = [
      "dictionary",
      [text("type"), "twisted.cred.error.UnauthorizedLogin"],
      [text("value"), text("")],
      [text("traceback"), text("")],
      [text("parents"), parents],
    ];
    peer.says(["error", 2, ["twisted.spread.pb.CopyableFailure", state]]);
    await expect(login).rejects.toThrow(UnauthorizedLogin);
    expect(await peer.hears()).toEqual(["decref", 1]);
  });

  it("an answer that is no reference is given back, and fails the login", async () => {
    const { connection, peer } = await conversation();
    const login = connection.login(new Anonymous());
    await peer.hears();
    peer.says(["answer", 1, 5]);
    await expect(login).rejects.toMatchObject({ name: "LoginExchangeError" });
  });
});

describe("§8.2 anonymous", () => {
  it("is one message; the realm is asked for the empty tuple", async () => {
    const { peer, realm } = await place();
    peer.says(message(1, "root", "loginAnonymous", NONE));
    expect(await peer.hears()).toEqual(["answer", 1, ["remote", 1]]);
    expect(realm.asked[0]?.principal).toBe(ANONYMOUS);
    peer.says(message(2, 1, "name"));
    expect(await peer.hears()).toEqual(["answer", 2, ["tuple"]]);
  });

  it("without a checker for it: UnhandledCredentials, in Twisted's words", async () => {
    const { peer } = await place(new Realm(), false);
    peer.says(message(1, "root", "loginAnonymous", NONE));
    expect(failure(await peer.hears())).toEqual({
      request: 1,
      type: "twisted.cred.error.UnhandledCredentials",
      text: "No checker for twisted.cred.credentials.IAnonymous",
    });
  });
});

async function loggedIn(count: number, realm = new Realm()) {
  const made = await place(realm);
  for (let i = 1; i <= count; i++) {
    made.peer.says(message(i, "root", "loginAnonymous", NONE));
    expect(await made.peer.hears()).toEqual(["answer", i, ["remote", i]]);
  }
  return made;
}

describe("§8.3 logout", () => {
  it("when the peer has given back its last receipt of the avatar, once", async () => {
    const { peer, realm } = await loggedIn(1);
    peer.says(["decref", 1], ["decref", 1]);
    await peer.hearsAll();
    expect(realm.logouts).toEqual([1]);
    peer.closes();
    await peer.hangsUp();
    expect(realm.logouts).toEqual([1]);
  });

  it.each(["closes", "vanishes"] as const)("when the peer %s, once for each", async (how) => {
    const { peer, realm, server } = await loggedIn(3);
    peer.says(["decref", 2]);
    await peer.hearsAll();
    peer[how]();
    await until(() => server.connections.size === 0, "the end");
    expect([...realm.logouts].sort()).toEqual([1, 2, 3]);
  });

  it("each avatar has its own (login_concurrent), and is not reached afterwards", async () => {
    const { peer, realm } = await loggedIn(2);
    peer.says(["decref", 1], message(5, 1, "name"), message(6, 2, "name"));
    const heard = await peer.hearsAll();
    expect(realm.logouts).toEqual([1]);
    expect(failure(heard[0] as Term).text).toBe("Invalid Object ID");
    expect(heard[1]).toEqual(["answer", 6, ["tuple"]]);
  });

  it("one avatar object for two logins: each login has its own reference and logout", async () => {
    class Shared extends Realm {
      readonly user = new User("shared");
      override async requestAvatar(principal: unknown, mind: unknown) {
        const { logout } = await super.requestAvatar(principal, mind);
        return { avatar: this.user, ...(logout && { logout }) };
      }
    }
    const { peer, realm } = await loggedIn(2, new Shared());
    peer.says(["decref", 1]);
    await peer.hearsAll();
    expect(realm.logouts).toEqual([1]);
    peer.says(message(5, 2, "name"));
    expect(await peer.hears()).toEqual(["answer", 5, text("shared")]);
  });

  it("one Referenceable for two logins is one export: both are logged out with its last receipt", async () => {
    const counter = new Counter();
    class Shared extends Realm {
      override async requestAvatar(principal: unknown, mind: unknown) {
        const { logout } = await super.requestAvatar(principal, mind);
        return { avatar: counter, ...(logout && { logout }) };
      }
    }
    const { peer, realm } = await place(new Shared());
    for (const id of [1, 2]) {
      peer.says(message(id, "root", "loginAnonymous", NONE));
      expect(await peer.hears()).toEqual(["answer", id, ["remote", 1]]);
    }
    peer.says(["decref", 1]);
    await peer.hearsAll();
    expect(realm.logouts).toEqual([]);
    peer.says(["decref", 1]);
    await peer.hearsAll();
    expect(realm.logouts).toEqual([1, 2]);
  });

  it("of a login that nobody asked an answer for: at once, and once", async () => {
    const { peer, realm, server } = await place();
    peer.says(["message", 1, "root", "loginAnonymous", 0, ["tuple", NONE], ["dictionary"]]);
    await peer.hearsAll();
    expect([realm.asked.length, realm.logouts.length]).toEqual([1, 1]);
    peer.closes();
    await until(() => server.connections.size === 0, "the end");
    expect(realm.logouts).toEqual([1]);
  });

  it("at once when the table of references is full: the login fails", async () => {
    const realm = new Realm();
    const portal = new Portal(realm, { checkers: [allowAnonymous()], log: () => {} });
    const server = await listen(portal, `memory://login-${++places}`, { log: () => {}, limits: { references: 2 } });
    onTestFinished(() => server.close());
    const peer = await rawClient(server);
    for (let i = 1; i <= 3; i++) peer.says(message(i, "root", "loginAnonymous", NONE));
    const heard = await peer.hearsAll();
    expect(failure(heard[2] as Term).text).toBe("Maximum PB reference count exceeded.");
    expect(realm.logouts).toEqual([3]);
  });

  it("what a realm throws is the error of the login, and there is nothing to log out", async () => {
    class Closed extends Realm {
      override async requestAvatar(principal: unknown, mind: unknown): Promise<AvatarLogin> {
        await super.requestAvatar(principal, mind);
        throw new PBError("we are closed");
      }
    }
    const { peer, realm, server } = await place(new Closed());
    peer.says(message(1, "root", "loginAnonymous", NONE));
    expect(failure(await peer.hears())).toEqual({ request: 1, type: "twisted.spread.pb.Error", text: "we are closed" });
    peer.closes();
    await until(() => server.connections.size === 0, "the end");
    expect(realm.logouts).toEqual([]);
  });

  it("of a mind: the server keeps no reference to it after the logout (test_logoutLeak)", async () => {
    const { peer, server } = await place();
    peer.says(message(1, "root", "loginAnonymous", ["remote", 5]));
    await peer.hears();
    const [connection] = server.connections;
    expect(connection?.inspect().imports).toEqual([{ id: 5, receipts: 1 }]);
    peer.vanishes();
    await until(() => server.connections.size === 0, "the end");
    expect(connection?.inspect()).toMatchObject({ exports: [], imports: [] });
  });
});
