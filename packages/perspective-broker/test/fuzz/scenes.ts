// Conversations: what a client does with the application. Each is recorded once for what both sides said, and played again for
// each case against one real end.
import { login } from "../../src/cred/login.ts";
import { Anonymous, type Connection, RemoteCache } from "../../src/index.ts";
import { Listener, reference, values } from "./world.ts";

export interface Scene {
  readonly name: string;
  /** What the server offers. */
  readonly serves: "world" | "portal";
  run(connection: Connection, wait: (milliseconds: number) => void): Promise<void>;
}

const world = (name: string, run: Scene["run"]): Scene => ({ name, serves: "world", run });

export const scenes: readonly Scene[] = [
  world("calls", async ({ root }) => {
    await root.callRemote("echo", 1, "two", [3]);
    root.callRemoteOnly("nothing");
    root.callRemoteOnly("echo", { a: 1 });
    await Promise.all([root.callRemote("echo", 1), root.callRemote("nothing"), root.callRemote("about")]);
    await root.with({ timeout: 60_000 }).callRemote("about");
    const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" };
    await root.with({ trace }).callRemote("about");
  }),
  world("values", async ({ root }) => {
    for (const value of values()) await root.callRemote("echo", value);
    await root.callRemote("values");
    await root.callRemote("echo", values());
    await root.callRemote("point");
  }),
  world("errors", async ({ root }) => {
    await settled(
      root.callRemote("fail", { why: [1] }),
      root.callRemote("failPlainly"),
      root.callRemote("failLater"),
      root.callRemote("noSuchMethod"),
      root.callRemote("echo", () => {}),
    );
    root.callRemoteOnly("failLater");
  }),
  world("references", async ({ root }) => {
    const two = reference(await root.callRemote("two"));
    await two.callRemote("three", 4);
    await root.callRemote("isTwo", two);
    await root.callRemote("echo", [two, two]);
    const other = reference(await root.callRemote("newTwo"));
    await root.callRemote("keep", new Listener());
    await root.callRemote("kept");
    await root.callRemote("letGo");
    other.release();
    two.releaseAll();
    await root.callRemote("nothing");
  }),
  world("calls back", async ({ root }) => {
    const listener = new Listener();
    await root.callRemote("callBack", listener, { some: "value" });
    await root.callRemote("callMuch", listener);
    await settled(root.callRemote("callBack", new Listener(), values()), root.callRemote("callBack", 1));
  }),
  world("caches", async ({ root }) => {
    const stock = await root.callRemote("stock");
    await root.callRemote("setPrice", 11);
    await root.callRemote("setPriceOnly", [12]);
    await root.callRemote("isStock", stock);
    await root.callRemote("echo", [stock, stock]);
    await root.callRemote("stock");
    if (stock instanceof RemoteCache) {
      stock.release();
      stock.release();
      stock.release();
    }
    await root.callRemote("nothing");
    await root.callRemote("stock");
  }),
  world("pipelines", async ({ root }) => {
    const two = root.callRemote("two");
    await Promise.all([two.callRemote("three", 1), two.callRemote("self").callRemote("three", 2)]);
    const later = root.callRemote("twoLater");
    later.callRemoteOnly("three", 5);
    const chained = later.callRemote("later");
    await settled(chained.callRemote("three", 6), root.callRemote("isTwo", later), root.callRemote("echo", chained));
    await settled(root.callRemote("fail", 1).callRemote("three", 1), root.callRemote("echo", 1).callRemote("three"));
    const home = root.callRemote("echo", new Listener());
    await home.callRemote("hear", 7);
    await home;
  }),
  world("pieces", async ({ root }) => {
    await root.callRemote("echo", new Uint8Array(70_000).fill(7));
    await Promise.all([
      root.callRemote("echo", ["x".repeat(66_000), new Float64Array(9000)]),
      root.callRemote("bytes", 150_000),
      root.callRemote("nothing"),
    ]);
  }),
  world("cancels", async ({ root }, wait) => {
    const cancel = new AbortController();
    const calls = settled(
      root.with({ signal: cancel.signal }).callRemote("wait"),
      root.with({ timeout: 50 }).callRemote("wait"),
    );
    await root.callRemote("nothing");
    cancel.abort();
    wait(100);
    await calls;
    await root.callRemote("nothing");
  }),
  world("streams", async ({ root }) => {
    await settled(
      all(root.callRemote("items", 5)),
      all(root.callRemote("failingItems")),
      first(root.callRemote("items", 40)),
      root.callRemote("sum", numbers(4)),
    );
    await root.callRemote("nothing");
  }),
  world("silence", async ({ root }, wait) => {
    await root.callRemote("nothing");
    wait(11_000);
    await root.callRemote("nothing");
  }),
  {
    name: "logins",
    serves: "portal",
    async run(connection) {
      const mind = new Listener();
      // Not by `connection.login`, which loads its code by a promise that takes as long as it takes.
      const avatar = await login(connection.root, new Anonymous(), { mind, host: connection.loginHost });
      const room = reference(await avatar.callRemote("room"));
      await room.callRemote("say", "hello");
      await avatar.callRemote("isRoom", room);
      await avatar.callRemote("tellMind", [1]);
      await settled(
        connection.root.callRemote("login", new Uint8Array(3)),
        avatar.callRemote("room").callRemote("say"),
      );
      room.release();
      avatar.releaseAll();
      await settled(connection.root.callRemote("loginAnonymous", null));
    },
  },
];

function settled(...calls: PromiseLike<unknown>[]): Promise<unknown> {
  return Promise.allSettled(calls);
}

async function all(items: unknown): Promise<void> {
  for await (const _ of items as AsyncIterable<unknown>);
}

async function first(items: unknown): Promise<void> {
  for await (const _ of items as AsyncIterable<unknown>) return;
}

async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let n = 0; n < count; n++) yield n;
}
