// The connection is cut between any two messages of each flow: afterwards all tables are empty, every observer has stopped and
// every user is logged out, exactly once.
import { describe, expect, it, vi } from "vitest";
import {
  Anonymous,
  Avatar,
  allowAnonymous,
  type Collector,
  type Connection,
  Copyable,
  getAllPages,
  listen,
  MemoryUsers,
  none,
  type Observer,
  Portal,
  Referenceable,
  Registry,
  type RemoteReference,
  Root,
  type RootFor,
  StringPager,
  UsernamePassword,
  Viewable,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { RemoteStock, Stock } from "../support/flavors.ts";
import { type Cut, Relay } from "../support/relay.ts";

/** What happened on one run of a flow, told by its objects. */
class Records {
  readonly stocks: Stock[] = [];
  logins = 0;
  logouts = 0;

  stock(): Stock {
    const stock = new Stock();
    this.stocks.push(stock);
    return stock;
  }
}

class Parcel extends Copyable {
  static readonly wireName = "cut.Parcel";
  content: unknown;
}

class Mind extends Referenceable {
  readonly heard: unknown[] = [];
  remote_hear(value: unknown) {
    this.heard.push(value);
  }
}

class Room extends Viewable {
  view_say(user: User | null, text: string) {
    return `${user?.name}: ${text}`;
  }
}

class User extends Avatar {
  readonly name: string;
  readonly mind: RemoteReference<Mind> | null;
  readonly #records: Records;
  constructor(name: string, mind: RemoteReference<Mind> | null, records: Records) {
    super();
    this.name = name;
    this.mind = mind;
    this.#records = records;
  }
  perspective_room() {
    return new Room();
  }
  perspective_stock() {
    return this.#records.stock();
  }
  async perspective_tell(text: string) {
    await this.mind?.callRemote("hear", text);
  }
}

class Depot extends Root {
  readonly #records: Records;
  readonly #stock: Stock;
  constructor(records: Records) {
    super();
    this.#records = records;
    this.#stock = records.stock();
  }
  remote_parcel() {
    return Object.assign(new Parcel(), { content: [new Mind(), this.#records.stock()] });
  }
  remote_stock() {
    return this.#stock;
  }
  async remote_change(price: number) {
    return (await this.#stock.setPrice(price)).length;
  }
  remote_same(stock: unknown) {
    return stock === this.#stock;
  }
  remote_echo(value: unknown) {
    return value;
  }
  remote_pages(collector: Collector) {
    new StringPager(collector, "0123456789", 4);
  }
  async remote_watch(stock: RemoteStock) {
    await turnOver();
    return stock.price;
  }
}

interface Flow {
  readonly root: (records: Records) => RootFor;
  readonly run: (connection: Connection, records: Records) => Promise<void>;
}

function portal(records: Records): Portal {
  const requestAvatar = async (principal: unknown, mind: RemoteReference<Mind> | null) => {
    records.logins++;
    await turnOver();
    return { avatar: new User(String(principal), mind, records), logout: () => void records.logouts++ };
  };
  const checkers = [allowAnonymous(), new MemoryUsers({ alice: "secret" })];
  return new Portal({ requestAvatar }, { checkers, md5: true, log: () => {} });
}

const flows: Record<string, Flow> = {
  copies: {
    root: (records) => new Depot(records),
    run: async ({ root }) => {
      const parcel = await root.callRemote("parcel");
      const [reference, stock] = parcel.content;
      reference.release();
      await root.callRemote("echo", Object.assign(new Parcel(), { content: [new Mind(), 5] }));
      stock.release();
    },
  },
  "a cache of the server": {
    root: (records) => new Depot(records),
    run: async ({ root }) => {
      const stock = await root.callRemote("stock");
      await root.callRemote("change", 11);
      await root.callRemote("stock");
      expect(await root.callRemote("same", stock)).toBe(true);
      stock.release();
      await root.callRemote("change", 12);
      stock.release();
      await root.callRemote("change", 13);
      const again = await root.callRemote("stock");
      again.release();
      await turnOver();
    },
  },
  "a cache of the client": {
    root: (records) => new Depot(records),
    run: async ({ root }, records) => {
      const stock = records.stock();
      const watching = root.callRemote("watch", stock);
      await stock.setPrice(20);
      await watching;
      await root.callRemote("echo", [stock, stock]);
      await stock.setPrice(21);
    },
  },
  "pages of a text": {
    root: (records) => new Depot(records),
    run: async ({ root }) => {
      const pages = await getAllPages(root, "pages");
      expect(pages.join("")).toBe("0123456789");
    },
  },
  "a login with a mind, by SCRAM": {
    root: portal,
    run: async (connection) => {
      const mind = new Mind();
      const user = await connection.login(new UsernamePassword("alice", "secret"), { mind });
      await user.callRemote("tell", "hello");
      user.release();
      await turnOver();
    },
  },
  "a login by MD5": {
    root: portal,
    run: async (connection) => {
      const user = await connection.login(new UsernamePassword("alice", "secret"), { allowMD5: "only" });
      user.release();
      await turnOver();
    },
  },
  "two anonymous logins, views, and a cache of each": {
    root: portal,
    run: async (connection) => {
      const users = await Promise.all([connection.login(new Anonymous()), connection.login(new Anonymous())]);
      for (const user of users) {
        const room = await user.callRemote("room");
        await room.callRemote("say", "hello");
        const stock = await user.callRemote("stock");
        room.release();
        stock.release();
        user.release();
      }
      await turnOver();
    },
  },
};

function registry(): Registry {
  const known = new Registry();
  known.registerCopyable("shop.Stock", RemoteStock);
  known.registerCopyable(Parcel);
  return known;
}

let servers = 0;

/** One run of a flow that is cut after `limit` messages; gives the number of those that were carried. */
async function runOf(flow: Flow, limit: number, how: Cut): Promise<number> {
  const records = new Records();
  const options = { dialects: [none], registry: registry(), log: () => {} };
  const server = await listen(flow.root(records), `memory://cuts-${++servers}`, options);
  const relay = new Relay(limit, how);
  const connecting = relay.connect(server, options).catch(() => undefined);
  const ends: Connection[] = [...server.connections];
  const connection = await connecting;
  if (connection !== undefined) {
    ends.push(connection);
    try {
      await flow.run(connection, records);
    } catch (error) {
      expect(relay.carried, `failed without a cut: ${String(error)}`).toBe(limit);
    }
    await connection.close();
  }
  await until(() => server.connections.size === 0, "the end of the server's connection");
  // Methods that run when the line is cut run on: passwords are compared on other threads.
  await vi.waitFor(() => expect(ends.map((end) => end.inspect().running)).toEqual(ends.map(() => 0)), { interval: 1 });
  for (const end of ends) {
    expect(end.inspect()).toMatchObject({
      ...{ exports: [], imports: [], cachesGiven: [], cachesHeld: [], names: [] },
      ...{ awaited: 0, running: 0, waiting: 0 },
    });
  }
  for (const { began, stopped, observers } of records.stocks) {
    const observersOf = (list: { observer: Observer }[]) => list.map(({ observer }) => observer);
    expect(observersOf(stopped).length).toBe(began.length);
    expect(new Set(observersOf(stopped))).toEqual(new Set(observersOf(began)));
    expect(observers.size).toBe(0);
  }
  expect(records.logouts).toBe(records.logins);
  await server.close();
  return relay.carried;
}

const ways: readonly Cut[] = ["closed", "aborted", "aborted in the middle of a message"];

describe.each(Object.entries(flows))("cut between any two messages: %s", (_name, flow) => {
  it.each(ways)("leaves nothing behind when the line is %s", async (how) => {
    const whole = await runOf(flow, Number.POSITIVE_INFINITY, how);
    expect(whole).toBeGreaterThan(8);
    for (let limit = 0; limit < whole; limit++) {
      expect(await runOf(flow, limit, how), `after ${limit} of ${whole}`).toBe(limit);
    }
  });
});
