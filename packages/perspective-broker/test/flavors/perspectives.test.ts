// Avatars, views and the perspective (spec §6.2, §6.3, §6.6): whose call it is, and for whom its values are encoded.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  Anonymous,
  Avatar,
  allowAnonymous,
  Copyable,
  connect,
  currentCall,
  type IPerspective,
  type Keywords,
  kw,
  type ListenOptions,
  type LogRecord,
  listen,
  MemoryUsers,
  type Observers,
  Portal,
  Referenceable,
  type RemoteReference,
  Root,
  UsernamePassword,
  Viewable,
  ViewPoint,
} from "../../src/index.ts";
import { ends } from "../support/ends.ts";
import { dictionary, failure, message, NONE, Stock, text } from "../support/flavors.ts";
import { type RawPeer, rawClient, type Term } from "../support/raw-peer.ts";

/** Says for whom it was written. */
class Letter extends Copyable {
  static readonly wireName = "post.Letter";
  readonly states: unknown[] = [];
  override getTypeToCopyFor(perspective: unknown) {
    return perspective === null ? "post.Postcard" : "post.Letter";
  }
  override getStateToCopyFor(perspective: unknown) {
    this.states.push(perspective);
    return { to: perspective instanceof Resident ? perspective.name : "nobody" };
  }
}

class House extends Viewable {
  static readonly parameters = { rename: ["name", "loud?"] };
  readonly letter = new Letter();
  readonly calls: unknown[] = [];
  name = "";
  view_whoAmI(caller: Resident | null) {
    return caller === null ? "nobody" : caller.name;
  }
  view_open(_caller: Resident | null) {
    return this.letter;
  }
  view_context(caller: Resident | null) {
    const { avatar, principal, method } = currentCall();
    return [avatar === caller, principal ?? null, method];
  }
  view_rename(_caller: unknown, name: string, loud = false) {
    this.name = loud ? name.toUpperCase() : name;
    return this.name;
  }
  view_keep(_caller: Resident, listener: RemoteReference) {
    this.calls.push(listener);
  }
  view_self(_caller: Resident | null) {
    return this;
  }
  remote_secret() {
    return "not this way";
  }
}

const house = new House();

class Resident extends Avatar {
  readonly name: string;
  readonly kept: RemoteReference[] = [];
  readonly letter = new Letter();
  constructor(name: string) {
    super();
    this.name = name;
  }
  perspective_open() {
    return this.letter;
  }
  async perspective_openLater() {
    await Promise.resolve();
    return this.letter;
  }
  perspective_house() {
    return house;
  }
  perspective_keep(listener: RemoteReference) {
    this.kept.push(listener);
  }
  async perspective_send() {
    await this.kept[0]?.callRemote("mail", this.letter, house);
  }
  perspective_context() {
    const { avatar, principal } = currentCall();
    return [avatar === this, principal ?? null];
  }
  perspective_compare(view: ViewPoint<House>) {
    return [view instanceof ViewPoint, view.object === house, view.perspective === this];
  }
  perspective_fail(): never {
    throw new RangeError("too far");
  }
  perspective_stock() {
    return stock;
  }
  perspective_echo(...values: unknown[]) {
    return values;
  }
  perspective_friend(): Resident {
    return this;
  }
}

const stock = new Stock();

class Street {
  readonly avatars: object[] = [];
  readonly logouts: unknown[] = [];
  make: (principal: unknown) => object = (principal) =>
    new Resident(typeof principal === "string" ? principal : "guest");
  requestAvatar(principal: unknown) {
    const avatar = this.make(principal);
    this.avatars.push(avatar);
    return { avatar, logout: () => this.logouts.push(principal) };
  }
}

const users = () => [allowAnonymous(), new MemoryUsers({ alice: "secret", bob: "hidden" })];

/** A server of avatars. */
async function street(options: ListenOptions = {}) {
  const realm = new Street();
  const logged: LogRecord[] = [];
  const server = await listen(new Portal(realm, { checkers: users(), log: () => {} }), `memory://street-${++streets}`, {
    log: (record) => void logged.push(record),
    ...options,
  });
  onTestFinished(() => server.close());
  return { realm, server, logged };
}
let streets = 0;

/** A scripted client that has logged in; its avatar has id 1. */
async function guest(options: ListenOptions = {}) {
  const place = await street(options);
  const peer = await rawClient(place.server);
  peer.says(message(1, "root", "loginAnonymous", NONE));
  expect(await peer.hears()).toEqual(["answer", 1, ["remote", 1]]);
  return { ...place, peer, avatar: place.realm.avatars[0] as Resident };
}

async function ask(peer: RawPeer, object: number | string, method: string, ...args: Term[]): Promise<Term> {
  peer.says(message(2, object, method, ...args));
  const [, , value] = (await peer.hears()) as Term[];
  return value as Term;
}

describe("§6.2 an avatar", () => {
  it("is called by its perspective_ methods, and by no others", async () => {
    const { peer } = await guest();
    expect(await ask(peer, 1, "echo", 1, text("b"))).toEqual(["list", 1, text("b")]);
    peer.says(message(3, 1, "perspectiveMessageReceived"), message(4, 1, "constructor"), message(5, 1, ""));
    const heard = (await peer.hearsAll()).map(failure);
    expect(heard.map(({ type }) => type)).toEqual(new Array(3).fill("builtins.AttributeError"));
    expect(heard[1]?.text).toBe("'Resident' object has no attribute 'perspective_constructor'");
  });

  it("its missing method is a matter for the debug log, an unexpected error one for the log", async () => {
    const { peer, logged } = await guest();
    peer.says(message(2, 1, "nothing"), message(3, 1, "fail"));
    expect((await peer.hearsAll()).map((term) => failure(term).type)).toEqual([
      "builtins.AttributeError",
      "builtins.ValueError",
    ]);
    expect(logged.map(({ level }) => level)).toEqual(["debug", "error"]);
  });

  it("one that handles its messages itself gets decoded values; what it returns is the answer (test_NSP)", async () => {
    class Anything implements IPerspective {
      perspectiveMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined) {
        return { message, args, keywords: keywords === undefined ? null : Object.fromEntries(keywords) };
      }
    }
    const { realm, server } = await street();
    realm.make = () => new Anything();
    const { connection } = await client(server.address);
    using avatar = await connection.login(new Anonymous());
    expect(await avatar.callRemote("whatever", 1, ["b"], kw({ c: 2 }))).toEqual({
      message: "whatever",
      args: [1, ["b"]],
      keywords: { c: 2 },
    });
    expect(await avatar.callRemote("toString")).toEqual({ message: "toString", args: [], keywords: null });
  });

  it("perspectiveMessageReceived can be overridden, and the stock one called from it", async () => {
    class Guarded extends Resident {
      readonly seen: string[] = [];
      override perspectiveMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined) {
        this.seen.push(message);
        if (message === "house") throw new RangeError("closed");
        return super.perspectiveMessageReceived(message, args, keywords);
      }
    }
    const { realm, server } = await street();
    const guarded = new Guarded("g");
    realm.make = () => guarded;
    const { connection } = await client(server.address);
    using avatar = await connection.login(new Anonymous());
    expect(await avatar.callRemote("echo", 1)).toEqual([1]);
    await expect(avatar.callRemote("house")).rejects.toThrow("closed");
    expect(guarded.seen).toEqual(["echo", "house"]);
  });

  it("one that is itself a Referenceable is called by its remote_ methods", async () => {
    class Plain extends Referenceable {
      remote_hello() {
        return [currentCall().avatar];
      }
      perspective_hello() {
        return "not this way";
      }
    }
    const { realm, server } = await street();
    realm.make = () => new Plain();
    const { connection } = await client(server.address);
    using avatar = await connection.login(new Anonymous());
    expect(await avatar.callRemote("hello")).toEqual([null]);
  });

  it("what is no avatar fails the login, and is logged out", async () => {
    const { realm, server, logged } = await street();
    realm.make = () => new Letter();
    const { connection } = await client(server.address);
    await expect(connection.login(new Anonymous())).rejects.toThrow("an avatar is an Avatar, or a Referenceable");
    expect(realm.logouts).toHaveLength(1);
    expect(logged.map(({ level }) => level)).toEqual(["error"]);
  });

  it("one that is declared wrongly fails the login", async () => {
    class Wrong extends Avatar {
      perspective_own = () => 1;
    }
    const { realm, server } = await street();
    realm.make = () => new Wrong();
    const { connection } = await client(server.address);
    await expect(connection.login(new Anonymous())).rejects.toThrow(/perspective_own is a property of the object/);
    expect(realm.logouts).toHaveLength(1);
    expect(connection.inspect()).toMatchObject({ imports: [], awaited: 0 });
  });

  it("a keyword's name may be a byte string, as Python 2 sends it", async () => {
    const { peer } = await guest();
    const view = ((await ask(peer, 1, "house")) as Term[])[1] as number;
    peer.says(["message", 3, view, "rename", 1, ["tuple"], ["dictionary", ["name", text("home")]]]);
    expect(await peer.hears()).toEqual(["answer", 3, text("home")]);
  });

  it("§4.3 arguments may be a list", async () => {
    const { peer } = await guest();
    peer.says(["message", 3, 1, "echo", 1, ["list", 1, 2], ["dictionary"]]);
    expect(await peer.hears()).toEqual(["answer", 3, ["list", 1, 2]]);
  });

  it("is no value by itself: a method that returns it fails, and says so", async () => {
    const { peer } = await guest();
    peer.says(message(2, 1, "friend"));
    expect(failure(await peer.hears()).text).toContain("an avatar is handed out by a login and not sent");
  });
});

describe("§6.3 a view", () => {
  it("is sent as [remote luid], the same one for the same pair while it is held", async () => {
    const { peer } = await guest();
    expect(await ask(peer, 1, "house")).toEqual(["remote", 2]);
    expect(await ask(peer, 1, "house")).toEqual(["remote", 2]);
    peer.says(["decref", 2]);
    expect(await ask(peer, 1, "house")).toEqual(["remote", 2]);
    peer.says(["decref", 2], ["decref", 2]);
    expect(await ask(peer, 1, "house")).toEqual(["remote", 3]);
  });

  it("another avatar has another view", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    expect(await ask(peer, "root", "loginAnonymous", NONE)).toEqual(["remote", 3]);
    expect(await ask(peer, 3, "house")).toEqual(["remote", 4]);
    expect(await ask(peer, 1, "house")).toEqual(["remote", 2]);
  });

  it("its view_ methods get the caller's avatar first", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    expect(await ask(peer, 2, "whoAmI")).toEqual(text("guest"));
  });

  it("parameters and keywords are counted from after the avatar", async () => {
    const { server } = await street();
    const { connection } = await client(server.address);
    using avatar = await connection.login<Resident>(new Anonymous());
    using view = await avatar.callRemote("house");
    expect(await view.callRemote("rename", "a")).toBe("a");
    expect(await view.callRemote("rename", "a", kw({ loud: true }))).toBe("A");
    await expect((view as RemoteReference).callRemote("rename")).rejects.toMatchObject({ type: "builtins.TypeError" });
    await expect((view as RemoteReference).callRemote("rename", "a", true, 3)).rejects.toMatchObject({
      type: "builtins.TypeError",
    });
  });

  it("a missing method is an AttributeError; a remote_ method of the object is one", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    peer.says(message(3, 2, "secret"));
    expect(failure(await peer.hears())).toEqual({
      request: 3,
      type: "builtins.AttributeError",
      text: "'House' object has no attribute 'view_secret'",
    });
  });

  it("handed back, the owner gets the ViewPoint, with object and perspective", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    const yes = ["boolean", "true"];
    expect(await ask(peer, 1, "compare", ["local", 2])).toEqual(["list", yes, yes, yes]);
  });

  it("sent where there is no perspective, from a plain Root, it is nobody's: null", async () => {
    class Plain extends Root {
      remote_house() {
        return house;
      }
    }
    const { connection } = await ends<Plain>(new Plain());
    using view = await connection.root.callRemote("house");
    expect(await view.callRemote("whoAmI")).toBe("nobody");
    expect(await view.callRemote("context")).toEqual([true, null, "context"]);
    using again = await view.callRemote("self");
    expect(again).toBe(view);
  });

  it("returned by a view's method it is the same avatar's", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    expect(await ask(peer, 2, "self")).toEqual(["remote", 2]);
  });

  it("a wrongly declared Viewable is refused when it is sent", async () => {
    class Bad extends Viewable {
      view_x = 1;
    }
    class Plain extends Root {
      remote_get() {
        return new Bad();
      }
    }
    const { connection, accepted } = await ends<Root>(new Plain());
    await expect((connection.root as RemoteReference).callRemote("get")).rejects.toThrow(/view_x/);
    expect(accepted.inspect().exports).toEqual([]);
  });
});

describe("§6.6 the perspective", () => {
  it("is the avatar for what its methods return, at once or later", async () => {
    const { peer, avatar } = await guest();
    const form = ["post.Letter", dictionary({ to: text("guest") })];
    expect(await ask(peer, 1, "open")).toEqual(form);
    expect(await ask(peer, 1, "openLater")).toEqual(form);
    expect(avatar.letter.states).toEqual([avatar, avatar]);
  });

  it("is the view's avatar for what view_ methods return", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "house");
    expect(await ask(peer, 2, "open")).toEqual(["post.Letter", dictionary({ to: text("guest") })]);
  });

  it("is remembered by a reference that came as an argument: for the arguments of calls on it", async () => {
    const { peer } = await guest();
    await ask(peer, 1, "keep", ["remote", 5]);
    peer.says(message(3, 1, "send"));
    expect(await peer.hears()).toEqual(
      message(1, 5, "mail", ["post.Letter", dictionary({ to: text("guest") })], ["remote", 2]),
    );
    peer.says(["answer", 1, NONE]);
    expect(await peer.hears()).toEqual(["answer", 3, NONE]);
  });

  it("one reference for each perspective that an object came under, each with receipts of its own", async () => {
    const { peer, realm, server } = await guest();
    await ask(peer, "root", "loginAnonymous", NONE);
    await ask(peer, 1, "keep", ["remote", 5]);
    await ask(peer, 2, "keep", ["remote", 5]);
    await ask(peer, 1, "keep", ["remote", 5]);
    const [first, second] = realm.avatars as Resident[];
    expect(first?.kept[0]).toBe(first?.kept[1]);
    expect(first?.kept[0]).not.toBe(second?.kept[0]);
    expect(first?.kept[0]?.sameAs(second?.kept[0])).toBe(true);
    const [connection] = server.connections;
    expect(
      connection
        ?.inspect()
        .imports.map(({ receipts }) => receipts)
        .sort(),
    ).toEqual([1, 2]);
    second?.kept[0]?.callRemoteOnly("mail", second.letter);
    first?.kept[0]?.release();
    first?.kept[0]?.release();
    second?.kept[0]?.release();
    expect(await peer.hearsAll()).toEqual([
      ["message", 1, 5, "mail", 0, ["tuple", ["post.Letter", dictionary({ to: text("guest") })]], ["dictionary"]],
      ["decref", 5],
      ["decref", 5],
      ["decref", 5],
    ]);
    expect(connection?.inspect().imports).toEqual([]);
  });

  it("a reference that came in an answer has none, as answers are decoded with none", async () => {
    const { peer, avatar } = await guest();
    await ask(peer, 1, "keep", ["remote", 5]);
    const fetched = (avatar.kept[0] as RemoteReference).callRemote("fetch");
    expect(await peer.hears()).toEqual(message(1, 5, "fetch"));
    peer.says(["answer", 1, ["remote", 6]]);
    const reference = (await fetched) as RemoteReference;
    reference.callRemoteOnly("mail", avatar.letter);
    expect(await peer.hears()).toEqual([
      "message",
      2,
      6,
      "mail",
      0,
      ["tuple", ["post.Postcard", dictionary({ to: text("nobody") })]],
      ["dictionary"],
    ]);
  });

  it("is given to the state method of a cache, and to stoppedObserving: that of the first transmission", async () => {
    const { peer, avatar } = await guest();
    stock.began.length = stock.stopped.length = 0;
    await ask(peer, "root", "loginAnonymous", NONE);
    expect(await ask(peer, 1, "stock")).toEqual(["shop.Stock", 3, dictionary({ price: 10 })]);
    expect(await ask(peer, 2, "stock")).toEqual(["cached", 3]);
    peer.says(["decache", 3], ["decache", 3]);
    await peer.hearsAll();
    expect(stock.began.map(({ perspective }) => perspective)).toEqual([avatar]);
    expect(stock.stopped.map(({ perspective }) => perspective)).toEqual([avatar]);
  });

  it("is the cache's for what is told to its observer", async () => {
    const { peer, avatar } = await guest();
    const [, id] = (await ask(peer, 1, "stock")) as [string, number];
    (stock.observers as Observers).callRemoteOnly("mail", avatar.letter);
    void (stock.observers as Observers).callRemote("mail", avatar.letter);
    const letter = ["tuple", ["post.Letter", dictionary({ to: text("guest") })]];
    expect(await peer.hearsAll()).toEqual([
      ["cachemessage", 1, id, "mail", 0, letter, ["dictionary"]],
      ["cachemessage", 2, id, "mail", 1, letter, ["dictionary"]],
    ]);
  });

  it("an error is encoded with none", async () => {
    const { peer } = await guest();
    peer.says(message(2, 1, "fail"));
    expect(failure(await peer.hears()).text).toBe("too far");
  });
});

describe("currentCall", () => {
  it("knows avatar and principal in methods of an avatar and of a view", async () => {
    const { server } = await street();
    const { connection } = await client(server.address);
    using alice = await connection.login<Resident>(new UsernamePassword("alice", "secret"));
    using view = await alice.callRemote("house");
    expect(await alice.callRemote("context")).toEqual([true, "alice"]);
    expect(await view.callRemote("context")).toEqual([true, "alice", "context"]);
  });

  it("an avatar that several principals share: each call has its own; in a view it cannot be known", async () => {
    const { realm, server } = await street();
    const shared = new Resident("shared");
    realm.make = () => shared;
    const { connection } = await client(server.address);
    using alice = await connection.login<Resident>(new UsernamePassword("alice", "secret"));
    using bob = await connection.login<Resident>(new UsernamePassword("bob", "hidden"));
    expect(await alice.callRemote("context")).toEqual([true, "alice"]);
    expect(await bob.callRemote("context")).toEqual([true, "bob"]);
    using view = await alice.callRemote("house");
    expect(await view.callRemote("context")).toEqual([true, null, "context"]);
  });

  it("has null and undefined in a plain Root", async () => {
    class Plain extends Root {
      remote_who() {
        const { avatar, principal } = currentCall();
        return [avatar, principal === undefined];
      }
    }
    const { connection } = await ends<Plain>(new Plain());
    expect(await connection.root.callRemote("who")).toEqual([null, true]);
  });
});

async function client(address: string) {
  const connection = await connect(address, { log: () => {} });
  onTestFinished(async () => void (await connection.close()));
  return { connection };
}
