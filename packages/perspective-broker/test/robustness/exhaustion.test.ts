// What a peer could exhaust with little: memory by many small elements, logins that nobody answers, names that are no names.
import { describe, expect, it } from "vitest";
import {
  Avatar,
  allowAnonymous,
  connect,
  listen,
  MemoryUsers,
  none,
  Portal,
  Publishable,
  pb,
  RemotePublished,
  Root,
  registerCopyable,
  storedUser,
} from "../../src/index.ts";
import { Negotiation } from "../../src/session/negotiation.ts";
import { ends, until } from "../support/ends.ts";

class Echo extends Root {
  remote_echo(value: unknown) {
    return value;
  }
}

describe("a message of very many elements", () => {
  const options = { limits: { elements: 1000 }, dialects: [pb, none] };

  it("closes the connection before any of them is decoded", async () => {
    await using server = await listen(new Echo(), "memory://exhaustion-elements", options);
    const connection = await connect(server.address);
    expect(await connection.root.callRemote("echo", new Array(500).fill(1))).toHaveLength(500);
    const failure = await connection.root.callRemote("echo", new Array(1000).fill(1)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "CONNECTION_LOST" });
    await until(() => server.connections.size === 0);
  });

  it("is told with the name of the limit", async () => {
    await using server = await listen(new Echo(), "memory://exhaustion-reason", options);
    const gone = server.events("disconnection").next();
    const connection = await connect(server.address);
    connection.root.callRemoteOnly("echo", new Array(1000).fill(1));
    expect((await gone).value).toMatchObject({ reason: { code: "LIMIT_EXCEEDED", error: { limit: "elements" } } });
    await connection.close();
  });

  it("is refused in pb7, where it is found while it is decoded, and the connection goes on", async () => {
    const { connection } = await ends<Echo>(new Echo(), { server: { limits: { elements: 1000 } } });
    const many = new Array(1001).fill(1);
    await expect(connection.root.callRemote("echo", many)).rejects.toThrow(/limits\.elements/);
    expect(await connection.root.callRemote("echo", new Array(500).fill(1))).toHaveLength(500);
  });
});

describe("calls that are never answered", () => {
  it("are bounded: the next ones fail and are not sent", async () => {
    class Silent extends Root {
      remote_wait() {
        return new Promise(() => {});
      }
    }
    const { connection } = await ends(new Silent(), { client: { limits: { awaited: 3 } }, untidy: true });
    for (let i = 0; i < 3; i++) connection.root.callRemote("wait").catch(() => {});
    const failure = await connection.root.callRemote("wait").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "awaited", executed: "no" });
  });
});

describe("a login whose answer nobody wants", () => {
  it("is logged out at once", async () => {
    let here = 0;
    let logouts = 0;
    const realm = {
      requestAvatar() {
        here++;
        const logout = () => {
          logouts++;
        };
        return { avatar: new (class extends Avatar {})(), logout };
      },
    };
    await using server = await listen(new Portal(realm, { checkers: [allowAnonymous()] }), "memory://exhaustion-login");
    await using client = await connect(server.address);
    for (let i = 0; i < 10; i++) client.root.callRemoteOnly("loginAnonymous", null);
    await until(() => here === 10 && logouts === 10, "every avatar's logout");
  });
});

describe("a greeting with a byte order mark before a name", () => {
  it("is not recorded as the name without it", () => {
    const greeting = Uint8Array.of(2, 0x80, 5, 0x82, 0xef, 0xbb, 0xbf, 0x70, 0x62, 4, 0x82, ...Buffer.from("none"));
    const client = new Negotiation("client", [pb, none]);
    expect(client.receive(greeting)?.dialect.name).toBe("none");
    expect(client.greeting).not.toEqual(["pb", "none"]);
  });
});

describe("a published state that names another original", () => {
  it("changes nothing of what the copy is a copy of", async () => {
    class Paper extends Publishable {
      static wireName = "exhaustion.Paper";
      override getStateToPublish() {
        return { headline: "x", remote: null, publishedID: ["not", "a", "name"], timestamp: "never" };
      }
    }
    class RemotePaper extends RemotePublished {
      declare headline: string;
    }
    using _ = registerCopyable("exhaustion.Paper", RemotePaper);
    class Stand extends Root {
      #paper = new Paper("PAPER");
      remote_paper() {
        return this.#paper;
      }
    }
    const { connection } = await ends(new Stand());
    const paper = (await connection.root.callRemote("paper")) as RemotePaper;
    await paper.whenActivated();
    expect(paper).toMatchObject({ headline: "x", publishedID: "PAPER" });
    paper.releaseAll();
  });
});

describe("a store with one verifier", () => {
  it("shows its count for users who are not there, too", async () => {
    const { verifier } = await storedUser("secret", { iterations: 5000 });
    expect(new MemoryUsers({ alice: verifier as string, bob: "hunter2" }).iterations).toBe(5000);
    expect(new MemoryUsers({ bob: "hunter2" }).iterations).toBe(4096);
  });
});
