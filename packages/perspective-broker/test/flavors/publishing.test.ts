// Publishing (spec §10): a copy whose state is fetched once and kept from one connection to the next.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  Avatar,
  Duration,
  FilePublishedStore,
  listen,
  MemoryPublishedStore,
  memoryPair,
  Publishable,
  type PublishedStore,
  Referenceable,
  Registry,
  RemotePublished,
  Root,
  tuple,
  whenReady,
} from "../../src/index.ts";
import { type Ends, ends, until } from "../support/ends.ts";

class News extends Publishable {
  static readonly wireName = "pbpeer.News";
  state: object = { headline: "sandwich found", number: 7 };
  fetched = 0;

  override getStateToPublish(): object {
    this.fetched++;
    return this.state;
  }
}

class RemoteNews extends RemotePublished {
  static override store: PublishedStore | undefined;
  headline?: string;
  number?: number;
  [other: string]: unknown;
  seen: unknown;

  override activated(): void {
    this.seen = this.headline;
  }
}

const registry = new Registry();
registry.registerCopyable(News, RemoteNews);

class Press extends Root {
  readonly news: Publishable;
  constructor(news: Publishable) {
    super();
    this.news = news;
  }
  remote_getNews(): unknown {
    return this.news;
  }
}

const client = { registry };
let got: RemoteNews[] = [];

/** One connection after the other: what it got, when it is activated. */
async function read(root: Root, options: object = {}): Promise<{ news: RemoteNews; end: Ends<unknown> }> {
  const end = await ends(root, { client: { ...client, ...options } });
  const news = await whenReady(end.connection.root.callRemote("getNews") as Promise<RemoteNews>);
  got.push(news);
  return { news, end };
}

afterEach(() => {
  RemoteNews.store = undefined;
  for (const news of got) news.release();
  got = [];
});

describe("a published object", () => {
  it("arrives with what it says of itself, and gets its state when it has asked for it", async () => {
    const published = new News("NEWS1");
    published.timestamp = 1_000_000_000.5;
    const { connection } = await ends(new Press(published), { client });
    const news = (await connection.root.callRemote("getNews")) as RemoteNews;
    got.push(news);
    expect(news).toMatchObject({ publishedID: "NEWS1", perspective: "None", service: "None", timestamp: 1e9 + 0.5 });
    expect([news.isActivated, news.headline]).toEqual([false, undefined]);
    expect(await news.whenActivated()).toBe(news);
    expect([news.isActivated, news.wasCleanWhenLoaded]).toEqual([true, false]);
    expect(news).toMatchObject({ headline: "sandwich found", number: 7, seen: "sandwich found" });
  });

  it("is fetched each time, if there is nowhere to keep it", async () => {
    const published = new News("NEWS1");
    for (const times of [1, 2]) {
      const { news } = await read(new Press(published));
      expect([published.fetched, news.wasCleanWhenLoaded]).toEqual([times, false]);
    }
  });

  it("gives back its view of the original when it is released", async () => {
    const { news, end } = await read(new Press(new News("NEWS1")));
    expect(end.connection.inspect().imports.length).toBe(1);
    news.release();
    news.release();
    await until(() => end.accepted.inspect().exports.length + end.accepted.inspect().cachesGiven.length === 0);
  });

  it("cannot be had, if its state cannot", async () => {
    const published = new News("NEWS1");
    published.state = () => {};
    const { connection } = await ends(new Press(published), { client });
    const news = (await connection.root.callRemote("getNews")) as RemoteNews;
    got.push(news);
    await expect(news.whenActivated()).rejects.toThrow("cannot be sent");
    expect(news.isActivated).toBe(false);
    await expect(new RemoteNews().whenActivated()).rejects.toThrow(TypeError);
  });

  it("publishes its own properties, if it does not say what", async () => {
    class Plain extends Publishable {
      static readonly wireName = "pbpeer.News";
      headline = "nothing to report";
    }
    const { news } = await read(new Press(new Plain("PLAIN")));
    expect(news.headline).toBe("nothing to report");
    expect(news.publishedID).toBe("PLAIN");
  });
});

const stores: Record<string, () => PublishedStore> = {
  "in memory": () => new MemoryPublishedStore(),
  "in files": () => new FilePublishedStore(folder()),
};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "pb-published-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A store that tells when it has saved. */
function watched(store: PublishedStore): PublishedStore & { saved: number } {
  return {
    saved: 0,
    load: (name) => store.load(name),
    async save(name, bytes) {
      await store.save(name, bytes);
      this.saved++;
    },
  };
}

describe.each(Object.entries(stores))("a state that is kept %s", (_name, make) => {
  it("is used as long as the original is of the same time", async () => {
    const store = watched(make());
    RemoteNews.store = store;
    const published = new News("NEWS1");
    const { news: first } = await read(new Press(published));
    await vi.waitFor(() => expect(store.saved).toBe(1));
    const { news: second } = await read(new Press(published));
    expect([first.wasCleanWhenLoaded, second.wasCleanWhenLoaded]).toEqual([false, true]);
    expect(second).toMatchObject({ headline: "sandwich found", number: 7, isActivated: true, seen: "sandwich found" });
    expect([published.fetched, store.saved]).toEqual([1, 1]);

    published.state = { headline: "sandwich eaten", number: 8 };
    published.republish();
    const { news: third } = await read(new Press(published));
    expect(third).toMatchObject({ headline: "sandwich eaten", number: 8, wasCleanWhenLoaded: false });
    await vi.waitFor(() => expect(store.saved).toBe(2));
  });

  it("may have values of all kinds", async () => {
    const store = watched(make());
    RemoteNews.store = store;
    const published = new News("NEWS1");
    const state = {
      bytes: new Uint8Array(100_000).fill(200),
      big: 2n ** 100n,
      pair: tuple(1, "two"),
      byNumber: new Map([[1, new Set(["a"])]]),
      length: Duration.from({ days: 3 }),
    };
    published.state = state;
    await read(new Press(published));
    await vi.waitFor(() => expect(store.saved).toBe(1));
    const { news } = await read(new Press(published));
    expect(news.wasCleanWhenLoaded).toBe(true);
    expect(Object.fromEntries(Object.keys(state).map((key) => [key, news[key]]))).toEqual(state);
  });

  it("is told from that of others, whatever their names are put together", async () => {
    const store = watched(make());
    RemoteNews.store = store;
    class Named extends News {
      override getServiceName(): string {
        return this.publishedID === "c" ? "a-b" : "a";
      }
      override getPerspectiveName(): string {
        return this.publishedID === "c" ? "b" : "b-b";
      }
    }
    const one = new Named("c");
    const other = new Named("c");
    other.getServiceName = () => "a";
    other.getPerspectiveName = () => "b-b";
    other.timestamp = one.timestamp;
    other.state = { headline: "another" };
    const both = new Registry();
    both.registerCopyable("pbpeer.News", RemoteNews);
    const { news } = await read(new Press(one), { registry: both });
    await vi.waitFor(() => expect(store.saved).toBe(1));
    const { news: second } = await read(new Press(other), { registry: both });
    expect(news.getStoreName()).toBe(second.getStoreName());
    expect([second.headline, second.wasCleanWhenLoaded]).toEqual(["another", false]);
  });
});

describe("a store", () => {
  it("that fails costs nothing but the fetching", async () => {
    RemoteNews.store = {
      load: () => Promise.reject(new Error("disk on fire")),
      save: () => Promise.reject(new Error("disk on fire")),
    };
    const { news, end } = await read(new Press(new News("NEWS1")));
    expect(news.headline).toBe("sandwich found");
    await until(() => end.logged.length === 2);
    expect(end.logged.map(({ level }) => level)).toEqual(["warn", "warn"]);
  });

  it("that has rubbish costs nothing but the fetching", async () => {
    for (const rubbish of ["", "02", "0280", "ff", "07801a8700810482726f6f74", "028013870681"]) {
      RemoteNews.store = { load: () => Uint8Array.from(Buffer.from(rubbish, "hex")), save: () => {} };
      const { news } = await read(new Press(new News("NEWS1")));
      expect([news.headline, news.wasCleanWhenLoaded]).toEqual(["sandwich found", false]);
    }
  });

  it("does not get what lives on a connection", async () => {
    const store = watched(new MemoryPublishedStore());
    RemoteNews.store = store;
    class Editor extends Referenceable {}
    const published = new News("NEWS1");
    published.state = { headline: "x", editor: new Editor() };
    const { news, end } = await read(new Press(published));
    await until(() => end.logged.length === 1);
    expect(store.saved).toBe(0);
    (news.editor as { release(): void }).release();
  });

  it("in memory keeps the latest names only", () => {
    const store = new MemoryPublishedStore(2);
    for (const name of ["a", "b", "a", "c"]) store.save(name, new Uint8Array(1));
    expect(["a", "b", "c"].map((name) => store.load(name)?.length)).toEqual([1, undefined, 1]);
  });

  it("of files stays in its folder, whatever a peer calls its objects", async () => {
    const path = folder();
    const store = new FilePublishedStore(path);
    const names = ["None-None-NEWS1", "../../up", "..", "a/b\\c", "nul\0", "ü.pub", "C:"];
    for (const name of names) await store.save(name, new TextEncoder().encode(name));
    for (const name of names) expect(new TextDecoder().decode(await store.load(name))).toBe(name);
    expect(readdirSync(path).length).toBe(names.length);
    expect(readdirSync(path)).toContain("None-None-NEWS1.pub");
    expect(await store.load("another")).toBeUndefined();
    await expect(store.save("x".repeat(300), new Uint8Array(1))).rejects.toThrow(RangeError);
    writeFileSync(join(path, "bad.pub"), "\u0000not base64");
    await expect(store.load("bad")).rejects.toThrow();
  });
});

describe("a republished object", () => {
  it("is of a later time, even within one tick of the clock", () => {
    const news = new News("NEWS1");
    const times = [news.timestamp];
    for (let i = 0; i < 100; i++) {
      news.republish();
      times.push(news.timestamp);
    }
    expect(new Set(times).size).toBe(101);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    news.republish(3e9);
    expect(news.timestamp).toBe(3e9);
  });
});

describe("the perspective of a published object", () => {
  class User extends Avatar {
    perspectiveName?: string;
    getService() {
      return { serviceName: "forum" };
    }
  }
  const user = new User();
  const named = Object.assign(new User(), { perspectiveName: "alice" });

  it("is named by the avatar, as in Twisted", () => {
    const news = new News("NEWS1");
    expect(news.getPerspectiveName(named)).toBe("alice");
    expect(news.getServiceName(named)).toBe("forum");
    expect([news.getPerspectiveName(null), news.getServiceName(null)]).toEqual(["None", "None"]);
  });

  it("needs no name where all see the same, and needs one where they do not", () => {
    class Each extends News {
      override getStateToPublishFor(perspective: unknown) {
        return { perspective };
      }
    }
    expect(new News("NEWS1").getPerspectiveName(user)).toBe("None");
    expect(() => new Each("NEWS1").getPerspectiveName(user)).toThrow("override getPerspectiveName");
  });
});

describe("the bytes", () => {
  /** The text None: a word of the vocabulary. */
  const NONE = "02800782756e69636f64650187";

  it("are Twisted's (session publishable)", async () => {
    const published = new News("NEWS1");
    published.timestamp = 1_000_000_000.5;
    const [near, far] = memoryPair();
    const server = await listen(new Press(published), "memory://publishing-bytes");
    server.accept(far);
    let bytes = "";
    near.start({
      data: (chunk) => {
        bytes += Buffer.from(chunk).toString("hex");
      },
      drain: () => {},
      closed: () => {},
    });
    await until(() => bytes.length > 0);
    bytes = "";
    near.write(
      Buffer.from("0282706202801387068107801a8701810482726f6f7407826765744e657773018101800b8701800587", "hex"),
    );
    await until(() => bytes.length > 100);
    const text = (value: string) =>
      `02800782756e69636f6465${Buffer.from([value.length]).toString("hex")}82${hex(value)}`;
    const hex = (value: string) => Buffer.from(value).toString("hex");
    const entry = (key: string, value: string) => `0280${text(key)}${value}`;
    expect(bytes).toBe(
      [
        `02801387068103801b87018103800b82${hex("pbpeer.News")}018106800587`,
        "028002800782756e69636f64651087028010870281", // remote, in the vocabulary: [remote 2]
        ...[entry("publishedID", text("NEWS1")), entry("perspective", NONE), entry("service", NONE)],
        entry("timestamp", "8441cdcd6500400000"),
      ].join(""),
    );
    bytes = "";
    near.write(Buffer.from("07801a870281028111826765745374617465546f5075626c697368018101800b8701800587", "hex"));
    await until(() => bytes.length > 100);
    expect(bytes).toBe(`03801b87028103800587${entry("headline", text("sandwich found"))}${entry("number", "0781")}`);
    near.close();
    await server.close();
  });
});
