// Paging (spec §9): something large goes in pages, as fast as the connection takes them, and whoever waits for it is told when
// it does not come.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  CallAborted,
  CallbackPageCollector,
  type Connection,
  ConnectionLost,
  connect,
  DeadReferenceError,
  FilePager,
  getAllPages,
  type Keywords,
  kw,
  LimitExceeded,
  listen,
  memoryPair,
  PageCollector,
  Pager,
  type PageSource,
  PagingStopped,
  pb,
  Referenceable,
  type RemoteReference,
  Root,
  StringPager,
  type Transport,
  tuple,
} from "../../src/index.ts";
import { dialers } from "../../src/transport/node.ts";
import type { Dial } from "../../src/transport/transport.ts";
import { ends, turnOver, until } from "../support/ends.ts";

type Collecting = RemoteReference<PageCollector>;

const TEXT = new TextEncoder().encode("helloworld".repeat(50));
const NUMBERS = Uint8Array.from({ length: 8192 * 500 }, (_, i) => i & 0xff);
const counting = (length: number) => NUMBERS.subarray(0, length);
const same = (pages: readonly Uint8Array[], bytes: Uint8Array) => Buffer.concat(pages).equals(bytes);
const sizes = (pages: readonly { length: number }[]) => pages.map((page) => page.length);

/** What is served is in the test: a function that gets the collector. */
class Library extends Root {
  readonly done: (Error | undefined)[] = [];
  readonly #give: (collector: Collecting, done: (error?: Error) => void, argument: unknown) => unknown;

  constructor(give: (collector: Collecting, done: (error?: Error) => void, argument: unknown) => unknown) {
    super();
    this.#give = give;
  }

  remote_getPages(collector: Collecting, argument?: unknown): unknown {
    return this.#give(collector, (error) => this.done.push(error), argument);
  }

  remote_ping() {
    return "pong";
  }
}

const strings = () =>
  new Library((collector, done, size) => {
    new StringPager(collector, TEXT, size as number, done);
    return "paging";
  });

const files = () =>
  new Library((collector, done, length) => {
    new FilePager(collector, [counting(length as number)], done);
    return "paging";
  });

describe("pages that are there already", () => {
  it("arrive as slices, and the pager is done", async () => {
    const library = strings();
    const { connection } = await ends<Library>(library);
    const pages = await getAllPages(connection.root, "getPages", 200);
    expect(sizes(pages)).toEqual([200, 200, 100]);
    expect(same(pages, TEXT)).toBe(true);
    expect(sizes(await getAllPages(connection.root, "getPages", 8192))).toEqual([500]);
    expect(library.done).toEqual([undefined, undefined]);
  });

  it("are one empty page, if there is nothing", async () => {
    const { connection } = await ends(new Library((collector) => void new StringPager(collector, new Uint8Array(0))));
    expect(await getAllPages(connection.root, "getPages")).toEqual([new Uint8Array(0)]);
  });

  it("may be text, and no character is cut in two", async () => {
    const { connection } = await ends(new Library((collector) => void new StringPager(collector, "a👩b👩c", 2)));
    expect(await new PageCollector<string>().collect(connection.root, "getPages")).toEqual(["a👩", "b👩", "c"]);
  });

  it("are refused in sizes that are none", () => {
    const collector = new PageCollector();
    for (const size of [0, -1, 1.5, Number.NaN])
      expect(() => new StringPager(collector, "a", size)).toThrow(RangeError);
  });
});

describe("pages that are read while they are sent", () => {
  it("have 16384 bytes, the last one less", async () => {
    const { connection } = await ends<Library>(files());
    const pages = await getAllPages(connection.root, "getPages", 150_000);
    expect(sizes(pages)).toEqual([...Array(9).fill(16_384), 2544]);
    expect(same(pages, counting(150_000))).toBe(true);
  });

  it("are none at all, if there is nothing", async () => {
    const { connection } = await ends<Library>(files());
    expect(await getAllPages(connection.root, "getPages", 0)).toEqual([]);
  });

  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), "pb-pages-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    writeFileSync(join(path, "file"), counting(40_000));
    return join(path, "file");
  };
  const sources: Record<string, () => PageSource | Promise<PageSource>> = {
    bytes: () => counting(40_000),
    "an array of chunks": () => [counting(40_000).subarray(0, 3), new Uint8Array(0), counting(40_000).subarray(3)],
    "an async generator that uses one buffer again": async function* () {
      const buffer = new Uint8Array(1000);
      for (let at = 0; at < 40_000; at += 1000) {
        buffer.set(counting(40_000).subarray(at, at + 1000));
        yield buffer;
      }
    } as () => AsyncIterable<Uint8Array>,
    "a stream of Node": () => Readable.from([Buffer.from(counting(40_000))]),
    "a web stream": () => new Blob([counting(40_000)]).stream() as PageSource,
    "a stream that cannot be iterated": () => {
      const stream = new Blob([counting(40_000)]).stream();
      return { getReader: () => stream.getReader() as never };
    },
    "a Blob": () => new Blob([counting(40_000)]) as PageSource,
    "an open file": () => open(folder()),
  };
  it.each(Object.entries(sources))("come from %s", async (_name, source) => {
    const from = await source();
    const library = new Library((collector, done) => void new FilePager(collector, from, done));
    const { connection } = await ends(library);
    const pages = await getAllPages(connection.root, "getPages");
    expect(sizes(pages)).toEqual([16_384, 16_384, 7232]);
    expect(same(pages, counting(40_000))).toBe(true);
    if ("fd" in from) await (from as FileHandle).close();
  });

  it("end with an error, if the source fails or gives something else", async () => {
    for (const chunk of ["text", 5, null]) {
      const library = new Library((collector, done) => void new FilePager(collector, [chunk] as never, done));
      const { connection } = await ends(library);
      await expect(getAllPages(connection.root, "getPages")).rejects.toThrow(PagingStopped);
      expect(library.done).toEqual([expect.any(TypeError)]);
    }
    expect(() => new FilePager(new PageCollector(), {} as never)).toThrow(TypeError);
  });
});

describe("whoever waits for pages", () => {
  it("is told that the call failed", async () => {
    const library = new Library(() => {
      throw new RangeError("no such book");
    });
    // Nobody gives the collector back that came with a call which failed, until it is collected.
    const { connection } = await ends(library, { untidy: true });
    await expect(getAllPages(connection.root, "getPages")).rejects.toThrow("no such book");
    await expect(getAllPages(connection.root, "nosuch" as "getPages")).rejects.toThrow("No such method");
    await expect(getAllPages(connection.root, "getPages", Symbol("?"))).rejects.toThrow("a symbol cannot be sent");
  });

  it("is told that the connection was lost, in the middle of the pages", async () => {
    const { connection, accepted } = await ends(
      new Library((collector) => void collector.callRemoteOnly("gotPage", TEXT)),
    );
    const pages = getAllPages(connection.root, "getPages");
    await connection.root.callRemote("ping");
    void accepted.close();
    await expect(pages).rejects.toThrow(ConnectionLost);
    await expect(getAllPages(connection.root, "getPages")).rejects.toThrow(DeadReferenceError);
  });

  it("is told that the sender gave up, before the answer of the call or after", async () => {
    const kept: Collecting[] = [];
    const { connection } = await ends(
      new Library((collector, _done, later) => {
        if (later) kept.push(collector);
        else collector.release();
      }),
    );
    await expect(getAllPages(connection.root, "getPages", false)).rejects.toThrow(PagingStopped);
    const pages = getAllPages(connection.root, "getPages", true);
    await until(() => kept.length > 0);
    kept[0]?.callRemoteOnly("gotPage", TEXT);
    kept[0]?.release();
    await expect(pages).rejects.toThrow(PagingStopped);
  });

  it("is not made to take more than it wants", async () => {
    const { connection } = await ends<Library>(strings());
    const collect = (options: object) => new PageCollector(options).collect(connection.root, "getPages", 100);
    await expect(collect({ maxBytes: 499 })).rejects.toThrow(LimitExceeded);
    await expect(collect({ maxPages: 4 })).rejects.toThrow(LimitExceeded);
    expect(sizes(await collect({ maxBytes: 500, maxPages: 5 }))).toEqual([100, 100, 100, 100, 100]);
    expect(() => new PageCollector({ maxBytes: 0 })).toThrow(RangeError);
  });

  it("can stop waiting", async () => {
    const kept: Collecting[] = [];
    const { connection } = await ends(new Library((collector) => void kept.push(collector)));
    const controller = new AbortController();
    const { signal } = controller;
    const pages = new PageCollector({ signal }).collect(connection.root, "getPages");
    await until(() => kept.length > 0);
    controller.abort(new Error("too slow"));
    await expect(pages).rejects.toThrow(CallAborted);
    kept[0]?.release();
    await expect(new PageCollector({ signal }).collect(connection.root, "getPages")).rejects.toThrow(CallAborted);
  });

  it("collects for one call only", async () => {
    const { connection } = await ends<Library>(strings());
    const collector = new PageCollector();
    await collector.collect(connection.root, "getPages", 500);
    await expect(collector.collect(connection.root, "getPages", 500)).rejects.toThrow(TypeError);
  });

  it("can be a callback, as in Twisted", async () => {
    const { connection } = await ends<Library>(strings());
    let pages: Uint8Array[] = [];
    const collector = new CallbackPageCollector((all) => {
      pages = all;
    });
    expect(await connection.root.callRemote("getPages", collector as never, 250)).toBe("paging");
    await until(() => pages.length === 2);
  });

  it("names the method and its other arguments as in any call", async () => {
    class Shop extends Root {
      remote_getPages(collector: Collecting, size: number, title = "") {
        new StringPager(collector, title, size);
      }
    }
    const { connection } = await ends<Shop>(new Shop());
    const collect = <Page>() => new PageCollector<Page>();
    expect(await collect<string>().collect(connection.root, "getPages", 3, "title")).toEqual(["tit", "le"]);
    // @ts-expect-error the size of a page is a number
    void (() => getAllPages(connection.root, "getPages", "3"));
    // @ts-expect-error there is no such method
    void (() => getAllPages(connection.root, "getPage", 3));
  });

  it("gets pages of any kind, and keywords to its call are passed on", async () => {
    let given: Keywords | undefined;
    const values = [1, tuple(2, "two"), { three: [3] }];
    class Values extends Pager {
      override nextPage() {
        return values.shift();
      }
    }
    const library = new Library((collector, _done, keywords) => {
      new Values(collector);
      given = keywords as Keywords;
    });
    const { connection } = await ends(library);
    const pages = await new PageCollector<unknown>().collect(connection.root, "getPages", kw({ some: "thing" }));
    expect(pages).toEqual([1, tuple(2, "two"), { three: [3] }]);
    expect(given?.get("some")).toBe("thing");
  });
});

describe("a pager", () => {
  it("gets its pages by nextPage, at once or later, until stopPaging or undefined", async () => {
    class Squares extends Pager<number> {
      n = 0;
      override nextPage() {
        if (++this.n === 3) this.stopPaging();
        return this.n * this.n;
      }
    }
    class Later extends Pager<number> {
      n = 0;
      override async nextPage() {
        await turnOver();
        return ++this.n > 3 ? undefined : this.n * this.n;
      }
    }
    for (const Kind of [Squares, Later]) {
      const { connection } = await ends(new Library((collector, done) => void new Kind(collector, done)));
      expect(await new PageCollector<number>().collect(connection.root, "getPages")).toEqual([1, 4, 9]);
    }
  });

  it("can be stopped from outside", async () => {
    let pager: StringPager | undefined;
    const library = new Library((collector, done) => {
      pager = new StringPager(collector, TEXT, 1, done);
    });
    const { connection } = await ends(library);
    const pages = getAllPages(connection.root, "getPages");
    await until(() => pager !== undefined);
    pager?.stopPaging();
    expect((await pages).length).toBeLessThan(500);
    expect(library.done).toEqual([undefined]);
  });

  it("gives up with an error, and no part passes for the whole: a page that fails, one that cannot be sent", async () => {
    class Bad extends Pager {
      readonly #last: () => unknown;
      #first = true;
      constructor(collector: Collecting, last: () => unknown, done: (error?: Error) => void) {
        super(collector, done);
        this.#last = last;
      }
      override nextPage() {
        if (!this.#first) return this.#last();
        this.#first = false;
        return TEXT;
      }
    }
    const lasts = [
      () => {
        throw new RangeError("torn out");
      },
      async () => {
        throw "torn out";
      },
      () => () => {},
      () => new Uint8Array(700_000),
    ];
    for (const last of lasts) {
      const library = new Library((collector, done) => void new Bad(collector, last, done));
      // In pb7 a byte string of any size can be sent.
      const { connection } = await ends(library, { server: { dialects: [pb] } });
      await expect(getAllPages(connection.root, "getPages")).rejects.toThrow(PagingStopped);
      expect(library.done).toEqual([expect.any(Error)]);
    }
  });

  it("logs what nobody is told", async () => {
    const library = new Library((collector, _done, how) => {
      if (how === "callback") {
        new StringPager(collector, "a", 1, () => {
          throw new RangeError("not my page");
        });
      } else new FilePager(collector, ["a"] as never);
    });
    const { connection, logged } = await ends(library);
    await getAllPages(connection.root, "getPages", "callback");
    await expect(getAllPages(connection.root, "getPages", "source")).rejects.toThrow(PagingStopped);
    expect(logged.map(({ message }) => message)).toEqual(["paging failed", "paging failed"]);
  });

  it("is told when the connection dies, or has died, and ends its source", async () => {
    let ended = 0;
    async function* endless() {
      try {
        for (;;) yield counting(16_384);
      } finally {
        ended++;
      }
    }
    const library = new Library((collector, done) => void new FilePager(collector, endless(), done));
    const [near, far] = memoryPair();
    const { connection, server } = await meet(library, near, far);
    const pages = getAllPages(connection.root, "getPages");
    await turnOver();
    near.pause();
    await still(() => near, 20);
    void connection.close();
    await expect(pages).rejects.toThrow(ConnectionLost);
    await until(() => library.done.length === 1 && ended === 1);
    expect(library.done).toEqual([expect.any(ConnectionLost)]);
    await server.close();

    const late: (Error | undefined)[] = [];
    new StringPager(connection.object("gone"), "late", 1, (error) => late.push(error));
    await until(() => late.length === 1);
    expect(late).toEqual([expect.any(DeadReferenceError)]);
  });

  it("sends to the other side from either side", async () => {
    class Archive extends Root {
      pages: Uint8Array[] = [];
      remote_upload() {
        return new CallbackPageCollector((pages) => {
          this.pages = pages;
        });
      }
    }
    const archive = new Archive();
    const { connection } = await ends<Archive>(archive);
    const collector = (await connection.root.callRemote("upload")) as RemoteReference;
    const error = await new Promise((done) => new FilePager(collector, [counting(20_000)], done));
    expect(error).toBeUndefined();
    await until(() => archive.pages.length > 0);
    expect(same(archive.pages, counting(20_000))).toBe(true);
  });

  it("sends to a collector of its own program, too", async () => {
    const library = strings();
    expect(sizes(await getAllPages(library, "getPages", 200))).toEqual([200, 200, 100]);
    expect(library.done).toEqual([undefined]);
  });

  it("shares a collector with another, and as much is given back as was received", async () => {
    class Shelf extends Referenceable {
      readonly got: string[] = [];
      ended = 0;
      remote_gotPage(page: string) {
        this.got.push(page);
      }
      remote_endedPaging() {
        this.ended++;
      }
    }
    const shelf = new Shelf();
    const { connection } = await ends(
      new Library((collector) => {
        new StringPager(collector, "ab", 1);
        new StringPager(collector, "cdef", 1);
      }),
    );
    const root = connection.root as RemoteReference;
    await Promise.all([root.callRemote("getPages", shelf), root.callRemote("getPages", shelf)]);
    await until(() => shelf.ended === 4);
    expect([...shelf.got].sort().join("")).toBe("aabbccddeeff");
  });
});

describe("the connection", () => {
  it("is shared: each pager has one page in a round, the newest first", async () => {
    const order: string[] = [];
    class Named extends Referenceable {
      readonly #name: string;
      constructor(name: string) {
        super();
        this.#name = name;
      }
      remote_gotPage(_page: unknown) {
        order.push(this.#name);
      }
      remote_endedPaging() {}
    }
    const { connection } = await ends(new Library((collector) => void new StringPager(collector, "123", 1)));
    const root = connection.root as RemoteReference;
    await Promise.all(["a", "b", "c"].map((name) => root.callRemote("getPages", new Named(name))));
    await until(() => order.length === 9);
    expect(order.join("")).toBe("acbacbacb");
  });

  it("answers other calls between the pages", async () => {
    const library = new Library((collector, done) => void new StringPager(collector, counting(8192 * 500), 8192, done));
    const { connection } = await ends(library);
    const pages = getAllPages(connection.root, "getPages");
    for (let i = 0; i < 20; i++) expect(await connection.root.callRemote("ping")).toBe("pong");
    expect(library.done).toEqual([]);
    expect((await pages).length).toBe(500);
  });

  it("takes no page that its reader has no room for, in memory", async () => {
    let made = 0;
    const [near, far] = memoryPair();
    const { connection, server } = await meet(
      new Library((collector, done) => void endless(collector, done)),
      near,
      far,
    );
    function endless(collector: Collecting, done: (error?: Error) => void) {
      class Many extends Pager<Uint8Array> {
        override nextPage() {
          if (++made === 400) this.stopPaging();
          return counting(8192);
        }
      }
      new Many(collector, done);
    }
    near.pause();
    const pages = getAllPages(connection.root, "getPages");
    await still(() => made, 50);
    expect(made).toBeGreaterThan(1);
    expect(made * 8192).toBeLessThan(2 * 256 * 1024);
    near.resume();
    expect((await pages).length).toBe(400);
    await server.close();
  });

  it("takes no page that its reader has no room for, over TCP", async () => {
    const most = 2048; // pages of 16 KiB: more than the system's buffers hold
    let made = 0;
    const library = new Library((collector, done) => {
      async function* chunks() {
        for (; made < most; made++) yield counting(16_384);
      }
      new FilePager(collector, chunks(), done);
    });
    const server = await listen(library, "tcp://127.0.0.1:0");
    onTestFinished(() => server.close());
    const near = await (dialers.get("tcp") as Dial)(server.address, {});
    const connection = await connect<Library>(near);
    onTestFinished(() => void connection.close());
    await connection.root.callRemote("ping");
    near.pause();
    const pages = getAllPages(connection.root, "getPages");
    await still(() => made, 300);
    const stopped = made;
    expect(stopped).toBeGreaterThan(1);
    expect(stopped).toBeLessThan(most);
    const [accepted] = server.connections;
    expect(accepted?.inspect().unsentBytes).toBeLessThan(2 * 256 * 1024);
    near.resume();
    expect((await pages).length).toBe(most);
  });

  it("runs messages that wait for their turn, though their object was given back meanwhile", async () => {
    let go = () => {};
    class Busy extends Referenceable {
      async remote_work() {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
    }
    const library = new Library(async (collector, _done, busy) => {
      void (busy as RemoteReference).callRemote("work").finally(() => (busy as RemoteReference).release());
      new StringPager(collector, TEXT, 100);
    });
    const { connection } = await ends(library, { client: { limits: { calls: 1 } }, server: { dialects: [pb] } });
    const pages = getAllPages(connection.root, "getPages", new Busy());
    await until(() => connection.inspect().waiting === 6);
    for (let i = 0; i < 20; i++) await turnOver();
    go();
    expect(sizes(await pages)).toEqual([100, 100, 100, 100, 100]);
  });

  it("makes no more pages while the collector's side allows no more calls (pb7)", async () => {
    let go = () => {};
    class Busy extends Referenceable {
      async remote_work() {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
    }
    let made = 0;
    const library = new Library(async (collector, done, busy) => {
      void (busy as RemoteReference).callRemote("work").finally(() => (busy as RemoteReference).release());
      async function* chunks() {
        for (; made < 20; made++) yield counting(16_384);
      }
      new FilePager(collector, chunks(), done);
    });
    const { connection, accepted } = await ends(library, { client: { limits: { calls: 1 } } });
    const pages = getAllPages(connection.root, "getPages", new Busy());
    await until(() => accepted.inspect().held > 0);
    for (let i = 0; i < 50; i++) await turnOver();
    expect(accepted.inspect().held).toBe(1);
    expect(made).toBeLessThan(5);
    go();
    expect(sizes(await pages)).toEqual(new Array(20).fill(16_384));
  });
});

describe("the bytes", () => {
  /** Negotiation, and a call of getPages with collector 1 and an argument. */
  const request = (argument: string) =>
    `0282706202801387068107801a8701810482726f6f74 08826765745061676573018103800b87028010870181${argument}01800587`;
  const version = "028013870681";
  const answer = "03801b87018102800782756e69636f64650682706167696e67";
  const decref = "02801d870181";
  const message = (id: string, method: string, args: string) => `07801a87${id}810181${method}0081${args}01800587`;
  const gotPage = (id: string, length: string, bytes: Uint8Array) =>
    message(id, "0782676f7450616765", `02800b87${length}82${Buffer.from(bytes).toString("hex")}`);
  const endedPaging = (id: string) => message(id, "0b82656e646564506167696e67", "01800b87");

  it("of a text are Twisted's (session pager): the first page goes before the answer", async () => {
    const page = TEXT.subarray(0, 200);
    const rest = TEXT.subarray(400);
    expect(await served(strings(), request("480181"))).toEqual([
      ...[version, gotPage("01", "4801", page), answer],
      ...[gotPage("02", "4801", page), gotPage("03", "64", rest), endedPaging("04"), decref],
    ]);
  });

  it("of a file are Twisted's (session file_pager): the answer goes before the first page", async () => {
    expect(await served(files(), request("701381"))).toEqual([
      ...[version, answer, gotPage("01", "7013", counting(2544)), endedPaging("02"), decref],
    ]);
  });

  it("of an empty file are Twisted's", async () => {
    expect(await served(files(), request("0081"))).toEqual([version, answer, endedPaging("01"), decref]);
  });
});

/** A server and a client at the two ends of a transport that the test can hold. */
async function meet(root: Library, near: Transport, far: Transport) {
  const server = await listen(root, `memory://paging-${Math.random()}`);
  server.accept(far);
  const connection: Connection<Library> = await connect<Library>(near);
  await connection.root.callRemote("ping");
  return { server, connection };
}

/** Resolves when something has not changed for so many milliseconds. */
async function still(value: () => unknown, milliseconds: number): Promise<void> {
  for (let before: unknown = NaN; before !== value(); ) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}

/** The messages that the server sends, after its greeting, to a client that sends these bytes, up to a decref. */
async function served(root: Root, request: string): Promise<string[]> {
  const [near, far] = memoryPair();
  const server = await listen(root, `memory://paging-${Math.random()}`);
  server.accept(far);
  let got = "";
  near.start({
    data: (chunk) => {
      got += Buffer.from(chunk).toString("hex");
    },
    drain: () => {},
    closed: () => {},
  });
  await until(() => got.length > 0);
  got = "";
  near.write(Buffer.from(request.replaceAll(" ", ""), "hex"));
  await until(() => got.endsWith("02801d870181"));
  near.close();
  await server.close();
  return got.split(/(?=07801a87|03801b87|02801d87)/);
}
