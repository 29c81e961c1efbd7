// Logins over real connections: the loopback of the other tests has no TLS, no greeting and no tables of references.
import { describe, expect, it } from "vitest";
import {
  Anonymous,
  Avatar,
  allowAnonymous,
  BearerToken,
  ClientCertificate,
  type Connection,
  type CredentialsChecker,
  certificateUsers,
  InsecureLogin,
  type LoginEvent,
  MemoryUsers,
  PlainPassword,
  Portal,
  type PortalOptions,
  Referenceable,
  type RemoteReference,
  TooManyLogins,
  UnauthorizedLogin,
  UnhandledCredentials,
  UsernamePassword,
} from "../../src/index.ts";
import { authority, clientIdentity, serverIdentity, stranger } from "../support/certificates.ts";
import { ends, until } from "../support/ends.ts";
import { errorOf } from "./loopback.ts";

class User extends Avatar {
  readonly name: unknown;
  readonly mind: RemoteReference | null;

  constructor(name: unknown, mind: RemoteReference | null) {
    super();
    this.name = name;
    this.mind = mind;
  }

  perspective_whoami() {
    return this.name;
  }

  perspective_greet() {
    return this.mind?.callRemote("hello", this.name);
  }
}

class Mind extends Referenceable {
  remote_hello(name: string) {
    return `hello ${name}`;
  }
}

const alice = new UsernamePassword("alice", "secret");
const tokens: CredentialsChecker = {
  kinds: ["bearer"],
  requestAvatarId(credentials) {
    if (credentials instanceof BearerToken && credentials.token === "t0ken") return "bearer";
    throw new UnauthorizedLogin();
  },
};

async function served(address: string | undefined, options: PortalOptions = {}, client: object = {}) {
  const logouts: unknown[] = [];
  const realm = {
    requestAvatar: (principal: unknown, mind: RemoteReference | null) => ({
      avatar: new User(principal, mind),
      logout: () => {
        mind?.release();
        logouts.push(principal);
      },
    }),
  };
  const events: LoginEvent[] = [];
  const portal = new Portal(realm, {
    checkers: [
      new MemoryUsers({ alice: "secret" }),
      allowAnonymous(),
      tokens,
      certificateUsers({ subjects: { "CN=alice": "alice by certificate" } }),
    ],
    onLogin: (event) => void events.push(event),
    ...options,
  });
  const secure = { ...serverIdentity, requestCert: true, rejectUnauthorized: false, ca: authority };
  const end = await ends(portal, {
    ...(address !== undefined && { address }),
    ...(address?.startsWith("tls:") && { server: { tls: secure }, client: { tls: { ca: authority, ...client } } }),
  });
  return { ...end, logouts, events };
}

const whoami = async (connection: Connection, ...login: Parameters<Connection["login"]>) => {
  using avatar = await connection.login(...login);
  return avatar.callRemote("whoami");
};

describe.each([undefined, "tcp://127.0.0.1:0", "tls://127.0.0.1:0"])("logins over %s", (address) => {
  it("give the avatar, and log out once with its last receipt", async () => {
    const { connection, logouts, logged } = await served(address, { md5: true });
    expect(await whoami(connection, alice)).toBe("alice");
    expect(await whoami(connection, alice, { allowMD5: "only" })).toBe("alice");
    expect(await whoami(connection, new Anonymous())).toEqual([]);
    await until(() => logouts.length === 3, "three logouts");
    expect(logouts.slice(0, 2)).toEqual(["alice", "alice"]);
    expect(logged).toEqual([]);
  });

  it("hand the mind over", async () => {
    const { connection } = await served(address);
    using avatar = await connection.login(alice, { mind: new Mind() });
    expect(await avatar.callRemote("greet")).toBe("hello alice");
  });

  it("give a mind back when nobody took it", async () => {
    const { connection } = await served(address, { checkers: [new MemoryUsers({ alice: "secret" })], md5: true });
    const mind = new Mind();
    const wrong = new UsernamePassword("alice", "wrong");
    await errorOf(connection.login(wrong, { mind }));
    await errorOf(connection.login(wrong, { mind, allowMD5: "only" }));
    await errorOf(connection.login(new Anonymous(), { mind }));
    await until(() => connection.inspect().exports.length === 0, "no exports");
  });

  it("are refused, and the connection stays", async () => {
    const { connection, logged, logouts } = await served(address, { checkers: [new MemoryUsers({ alice: "secret" })] });
    const login = (credentials: Parameters<Connection["login"]>[0]) => errorOf(connection.login(credentials));
    expect(await login(new UsernamePassword("alice", "wrong"))).toBeInstanceOf(UnauthorizedLogin);
    expect(await login(new UsernamePassword("mallory", "secret"))).toBeInstanceOf(UnauthorizedLogin);
    expect(await login(new Anonymous())).toBeInstanceOf(UnhandledCredentials);
    for (let i = 0; i < 3; i++) await login(new UsernamePassword("alice", "wrong"));
    const limited = await login(alice);
    expect(limited).toBeInstanceOf(TooManyLogins);
    expect(limited.retryAfter).toBeGreaterThan(0);
    expect(limited.retryAfter).toBeLessThanOrEqual(1000);
    expect(connection.inspect().imports).toEqual([]);
    expect(logouts).toEqual([]);
    // Not logged as faults: they are none.
    expect(logged.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  it("end with the connection", async () => {
    const { connection, logouts } = await served(address);
    await Promise.all([connection.login(alice), connection.login(alice)]);
    expect(logouts).toEqual([]);
    await connection.close();
    await until(() => logouts.length === 2, "two logouts");
  });
});

describe("over TLS", () => {
  it.each([
    ["TLSv1.3", {}],
    ["TLSv1.2", { maxVersion: "TLSv1.2" }],
  ] as const)("with %s, SCRAM", async (version, client) => {
    const { connection } = await served("tls://127.0.0.1:0", { requireChannelBinding: true }, client);
    if (version === "TLSv1.3") expect(await whoami(connection, alice)).toBe("alice");
    else expect(await errorOf(connection.login(alice))).toBeInstanceOf(InsecureLogin);
  });

  it("a password and a token may be sent as they are", async () => {
    const { connection, events } = await served("tls://127.0.0.1:0");
    expect(await whoami(connection, new PlainPassword("alice", "secret"))).toBe("alice");
    expect(await whoami(connection, new BearerToken("t0ken"))).toBe("bearer");
    expect(await errorOf(connection.login(new BearerToken("other")))).toBeInstanceOf(UnauthorizedLogin);
    expect(events.map(({ outcome, kind }) => `${outcome} ${kind}`)).toEqual([
      "accepted plain",
      "accepted bearer",
      "refused bearer",
    ]);
  });

  it("a certificate that the authority signed logs in", async () => {
    const { connection } = await served("tls://127.0.0.1:0", {}, clientIdentity);
    expect(await whoami(connection, new ClientCertificate())).toBe("alice by certificate");
  });

  it.each([
    ["no certificate", {}],
    ["a stranger's", stranger],
  ])("%s does not", async (_, client) => {
    const { connection } = await served("tls://127.0.0.1:0", {}, client);
    expect(await errorOf(connection.login(new ClientCertificate()))).toBeInstanceOf(UnauthorizedLogin);
  });
});

it("without TLS no password and no token is sent as it is", async () => {
  const { connection, events } = await served("tcp://127.0.0.1:0");
  for (const credentials of [new PlainPassword("alice", "secret"), new BearerToken("t0ken"), new ClientCertificate()]) {
    expect(await errorOf(connection.login(credentials))).toBeInstanceOf(InsecureLogin);
  }
  expect(events).toEqual([]);
});
