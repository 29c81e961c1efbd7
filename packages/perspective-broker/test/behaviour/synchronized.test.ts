// Objects that take one call at a time: in line, whoever calls, from wherever; and entered again by what the running call calls.
import { describe, expect, it } from "vitest";
import {
  Anonymous,
  Avatar,
  allowAnonymous,
  currentCall,
  DeclarationError,
  Portal,
  pb,
  Referenceable,
  type RemoteReference,
  Root,
  type SynchronizedMethods,
  Viewable,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

/** Notes who is inside at the same time. */
class Room {
  inside = 0;
  most = 0;
  readonly began: unknown[] = [];
  async stay<T>(name: T, turns = 3): Promise<T> {
    this.began.push(name);
    this.most = Math.max(this.most, ++this.inside);
    try {
      for (let turn = 0; turn < turns; turn++) await turnOver();
    } finally {
      this.inside--;
    }
    return name;
  }
}

/** Waits until it is told to go on. */
class Door {
  #open = (): void => {};
  readonly opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  open(): void {
    this.#open();
  }
}

class Account extends Root {
  static readonly synchronized: SynchronizedMethods<Account> = ["enter", "fail", "wait", "quick"];
  readonly room = new Room();
  readonly door = new Door();
  waits = 0;
  remote_enter(name: unknown) {
    return this.room.stay(name);
  }
  remote_free(name: unknown) {
    return this.room.stay(name);
  }
  remote_quick(name: unknown) {
    this.room.began.push(name);
    return name;
  }
  async remote_fail(): Promise<void> {
    await turnOver();
    throw new RangeError("failed inside");
  }
  async remote_wait() {
    this.waits++;
    await this.door.opened;
  }
}

class Closed extends Account {
  static override readonly synchronized: SynchronizedMethods<Account> = true;
}

everywhere((meet) => {
  describe("an object that takes one call at a time", () => {
    it("takes them in the order in which they came", async () => {
      const account = new Account();
      const { connection } = await meet<Account>(account);
      const names = [1, 2, 3, 4, 5];
      expect(await Promise.all(names.map((name) => connection.root.callRemote("enter", name)))).toEqual(names);
      expect(account.room).toMatchObject({ most: 1, began: names });
    });

    it("takes several calls of the methods that are not in the list", async () => {
      const account = new Account();
      const { connection } = await meet<Account>(account);
      await Promise.all([1, 2, 3].map((name) => connection.root.callRemote("free", name)));
      expect(account.room.most).toBe(3);
    });

    it("has one line for all its methods, where it is not a list", async () => {
      const account = new Closed();
      const { connection } = await meet<Closed>(account);
      await Promise.all([
        connection.root.callRemote("enter", 1),
        connection.root.callRemote("free", 2),
        connection.root.callRemote("quick", 3),
      ]);
      expect(account.room).toMatchObject({ most: 1, began: [1, 2, 3] });
    });

    it("goes on when a method throws", async () => {
      const account = new Account();
      const { connection, takeLogged } = await meet<Account>(account);
      const failed = connection.root.callRemote("fail").catch((error: Error) => error.message);
      expect(await connection.root.callRemote("enter", 1)).toBe(1);
      expect(await failed).toBe("failed inside");
      takeLogged();
    });

    it("shows the calls that wait, and forgets them with their connection", async () => {
      const account = new Account();
      const { connection, accepted } = await meet<Account>(account, { untidy: true });
      const calls = [
        connection.root.callRemote("wait"),
        ...[1, 2, 3].map((n) => connection.root.callRemote("enter", n)),
      ];
      const settled = Promise.allSettled(calls);
      await until(() => accepted.inspect().waiting === 3);
      expect(accepted.inspect()).toMatchObject({ running: 1, waiting: 3 });
      await connection.close();
      await accepted.closed;
      account.door.open();
      await settled;
      expect(await account.callRemote("enter", "after")).toBe("after");
      expect(account.room.began).toEqual(["after"]);
    });
  });
});

describe("one line", () => {
  it("is that of all connections, and of calls in the same program", async () => {
    const account = new Account();
    const one = await meetInMemory<Account>(account);
    const two = await meetInMemory<Account>(account);
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 5; n++) {
      calls.push(one.connection.root.callRemote("enter", "one"));
      calls.push(two.connection.root.callRemote("enter", "two"));
      calls.push(account.callRemote("enter", "here"));
      account.callRemoteOnly("enter", "only");
    }
    await Promise.all(calls);
    await until(() => account.room.began.length === 20);
    expect(account.room.most).toBe(1);
  });

  it("is that of a Viewable, whoever sees it, and of an avatar", async () => {
    class Table extends Viewable {
      static readonly synchronized: SynchronizedMethods<Table> = ["sit"];
      readonly room = new Room();
      view_sit(_from: unknown, name: string) {
        return this.room.stay(name);
      }
    }
    class Guest extends Avatar {
      static readonly synchronized: SynchronizedMethods<Guest> = ["order"];
      readonly room = new Room();
      readonly #table: Table;
      constructor(table: Table) {
        super();
        this.#table = table;
      }
      perspective_table() {
        return this.#table;
      }
      perspective_order(what: string) {
        return this.room.stay(what);
      }
    }
    const table = new Table();
    const guests = [new Guest(table), new Guest(table)];
    let logins = 0;
    const portal = new Portal(
      { requestAvatar: () => ({ avatar: guests[logins++] as Guest }) },
      { checkers: [allowAnonymous()] },
    );
    const { connection } = await meetInMemory(portal, { untidy: true });
    const avatars = [
      await connection.login<Guest>(new Anonymous()),
      await connection.login<Guest>(new Anonymous()),
    ] as const;
    const views = await Promise.all(avatars.map((avatar) => avatar.callRemote("table")));
    await Promise.all(views.flatMap((view) => ["a", "b"].map((name) => view.callRemote("sit", name))));
    expect(table.room).toMatchObject({ most: 1, inside: 0 });
    expect(table.room.began).toHaveLength(4);
    await Promise.all(["soup", "fish"].map((what) => avatars[0].callRemote("order", what)));
    expect(guests[0]?.room).toMatchObject({ most: 1, began: ["soup", "fish"] });
  });

  it("of many calls that end at once is no deep stack, and lets others have their turn", async () => {
    const account = new Account();
    const held = account.callRemote("wait");
    await until(() => account.waits === 1);
    const calls = Array.from({ length: 20_000 }, (_, n) => account.callRemote("quick", n));
    await turnOver();
    account.door.open();
    await held;
    expect((await Promise.all(calls)).length).toBe(20_000);
    expect(account.room.began).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });
});

describe("a call that waits for its turn", () => {
  it("is not run when its caller gives it up, and says so", async () => {
    const account = new Account();
    const { connection, accepted } = await meetInMemory<Account>(account);
    const held = connection.root.callRemote("wait");
    await until(() => account.waits === 1);
    const abort = new AbortController();
    const mine = connection.root.with({ signal: abort.signal }).callRemote("enter", "given up");
    const local = account.with({ signal: abort.signal }).callRemote("enter", "given up");
    const next = connection.root.callRemote("enter", "next");
    await until(() => accepted.inspect().waiting === 2);
    abort.abort();
    await expect(mine).rejects.toMatchObject({ code: "CALL_ABORTED" });
    await expect(local).rejects.toMatchObject({ code: "CALL_ABORTED", executed: "no" });
    await until(() => accepted.inspect().waiting === 1);
    account.door.open();
    await held;
    expect(await next).toBe("next");
    expect(account.room.began).toEqual(["next"]);
  });

  it("takes no place of those that run: what the running call calls back finds one", async () => {
    class Host extends Root {
      static readonly synchronized: SynchronizedMethods<Host> = ["ask", "enter"];
      readonly room = new Room();
      async remote_ask(back: RemoteReference<Guest>) {
        const answer = await back.callRemote("asked");
        back.release();
        return answer;
      }
      remote_enter(name: string) {
        return this.room.stay(name);
      }
      remote_free() {
        return "free";
      }
    }
    class Guest extends Referenceable {
      readonly host: RemoteReference<Host>;
      constructor(host: RemoteReference<Host>) {
        super();
        this.host = host;
      }
      asked = false;
      readonly door = new Door();
      async remote_asked() {
        this.asked = true;
        await this.door.opened;
        return await this.host.callRemote("free");
      }
    }
    const host = new Host();
    // Where the peer does not keep to the number itself.
    const options = { client: { dialects: [pb] }, server: { dialects: [pb], limits: { calls: 2 } } };
    const { connection, accepted } = await meetInMemory<Host>(host, options);
    const guest = new Guest(connection.root);
    const asked = connection.root.callRemote("ask", guest);
    const others = Promise.all([1, 2, 3].map((n) => connection.root.callRemote("enter", String(n))));
    await until(() => guest.asked);
    expect(accepted.inspect()).toMatchObject({ running: 1, waiting: 3 });
    guest.door.open();
    expect(await asked).toBe("free");
    expect(await others).toEqual(["1", "2", "3"]);
    expect(host.room.most).toBe(1);
  });

  it("is bounded by limits.queuedBytes", async () => {
    const account = new Account();
    const { connection, accepted } = await meetInMemory<Account>(account, {
      server: { limits: { queuedBytes: 2000 } },
      client: { limits: {} },
    });
    const held = connection.root.callRemote("wait");
    const settled = Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => connection.root.callRemote("enter", "x".repeat(500) + n)),
    );
    await until(() => accepted.inspect().waiting > 0);
    for (let turn = 0; turn < 10; turn++) await turnOver();
    account.door.open();
    await held;
    const results = await settled;
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(results.at(-1)).toMatchObject({ reason: { message: expect.stringContaining("limits.queuedBytes") } });
  });
});

describe("what the running call calls", () => {
  class Twice extends Referenceable {
    static readonly synchronized = true;
    readonly room = new Room();
    readonly self: Twice = this;
    other: Twice | undefined;
    async remote_outer(): Promise<string> {
      return `outer ${await this.self.callRemote("inner")}`;
    }
    async remote_inner(): Promise<string> {
      return await this.room.stay("inner");
    }
    async remote_both(): Promise<string[]> {
      return await Promise.all([this.self.callRemote("inner"), this.self.callRemote("inner")]);
    }
    async remote_bounce(times: number): Promise<string> {
      return times === 0 ? "over" : await (this.other as Twice).callRemote("bounce", times - 1);
    }
    remote_later() {
      this.self.callRemoteOnly("inner");
      return this.room.stay("later");
    }
  }

  it("enters the object again", async () => {
    expect(await new Twice().callRemote("outer")).toBe("outer inner");
  });

  it("enters it again from another object, however deep", async () => {
    const one = new Twice();
    one.other = new Twice();
    one.other.other = one;
    expect(await one.callRemote("bounce", 300)).toBe("over");
  });

  it("enters one after the other", async () => {
    const twice = new Twice();
    expect(await twice.callRemote("both")).toEqual(["inner", "inner"]);
    expect(twice.room.most).toBe(1);
  });

  it("waits if nobody waits for it", async () => {
    const twice = new Twice();
    await twice.callRemote("later");
    await until(() => twice.room.began.length === 2);
    expect(twice.room).toMatchObject({ most: 1, began: ["later", "inner"] });
  });

  it("is on behalf of the same caller", async () => {
    class Desk extends Root {
      static readonly synchronized = true;
      readonly self: Desk = this;
      before: unknown;
      async remote_outer(): Promise<boolean> {
        this.before = currentCall();
        await turnOver();
        return await this.self.callRemote("inner");
      }
      remote_inner(): boolean {
        return this.before === currentCall();
      }
    }
    const desk = new Desk();
    const { connection } = await meetInMemory<Desk>(desk);
    expect(await connection.root.callRemote("outer")).toBe(true);
    await expect(desk.callRemote("inner")).rejects.toMatchObject({ code: "NO_CURRENT_CALL" });
  });

  it("is one of many who all want the same, when it comes from one method", async () => {
    const account = new Account();
    class User extends Referenceable {
      static readonly synchronized = true;
      remote_use() {
        return Promise.all([1, 2, 3].map((n) => account.callRemote("enter", n)));
      }
    }
    expect(await new User().callRemote("use")).toEqual([1, 2, 3]);
    expect(account.room).toMatchObject({ most: 1, began: [1, 2, 3] });
  });
});

describe("static synchronized", () => {
  class Base extends Root {
    static readonly synchronized: readonly string[] = ["one"] satisfies SynchronizedMethods<Base>;
    readonly room = new Room();
    remote_one(name: string) {
      return this.room.stay(name);
    }
    remote_three(name: string) {
      return this.room.stay(name);
    }
  }
  class Derived extends Base {
    static override readonly synchronized: readonly string[] = ["two"] satisfies SynchronizedMethods<Derived>;
    remote_two(name: string) {
      return this.room.stay(name);
    }
  }

  it("adds to that of the base class", async () => {
    const derived = new Derived();
    await Promise.all([derived.callRemote("one", "a"), derived.callRemote("two", "b"), derived.callRemote("one", "c")]);
    expect(derived.room.most).toBe(1);
    await Promise.all([derived.callRemote("one", "a"), derived.callRemote("three", "b")]);
    expect(derived.room.most).toBe(2);
  });

  it("is refused when it names what is not there, or is no list", () => {
    class Wrong extends Root {
      static readonly synchronized: readonly string[] = ["deposit"];
    }
    class Odd extends Root {
      static readonly synchronized = "deposit";
    }
    expect(() => Referenceable.checkDeclarations(new Wrong())).toThrow(
      new DeclarationError("Wrong: static synchronized names deposit, but there is no remote_deposit"),
    );
    expect(() => Referenceable.checkDeclarations(new Odd())).toThrow(
      new DeclarationError("Odd: static synchronized of Odd must be true or a list of names"),
    );
  });
});
