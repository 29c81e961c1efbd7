// Calls, results and errors in both directions, what a server offers, and how arguments find their parameters.
import { describe, expect, it } from "vitest";
import {
  type Connection,
  currentCall,
  DeadReferenceError,
  Keywords,
  kw,
  NoSuchMethod,
  type ParameterNames,
  Referenceable,
  RemoteError,
  RemoteReference,
  Root,
  tuple,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere } from "../support/everywhere.ts";

class Listener extends Referenceable {
  readonly lines: string[] = [];
  remote_heard(line: string) {
    this.lines.push(line);
    return this.lines.length;
  }
  remote_fails(): never {
    throw new RangeError("too far");
  }
}

class Service extends Root {
  readonly notes: unknown[] = [];
  remote_echo(value: unknown) {
    return value;
  }
  async remote_later(value: unknown) {
    await turnOver();
    return value;
  }
  remote_count(...args: unknown[]) {
    return args.length;
  }
  remote_nothing() {}
  remote_note(value: unknown) {
    this.notes.push(value);
  }
  remote_notes() {
    return this.notes;
  }
  async remote_tell(listener: RemoteReference<Listener>, line: string) {
    const count = await listener.callRemote("heard", line);
    listener.release();
    return count;
  }
  async remote_failThrough(listener: RemoteReference<Listener>) {
    try {
      await listener.callRemote("fails");
      return "no error";
    } catch (error) {
      return error instanceof RemoteError ? `${error.type}: ${error.message}` : String(error);
    } finally {
      listener.release();
    }
  }
  async remote_pingPong(left: number, other: RemoteReference<Player>): Promise<number> {
    using _ = other;
    return left === 0 ? 0 : 1 + (await other.callRemote("pingPong", left - 1, new Player()));
  }
  remote_refuse(): never {
    throw new TypeError("not with me");
  }
  helper() {
    return "not for you";
  }
}

class Player extends Referenceable {
  async remote_pingPong(left: number, other: RemoteReference<Player>): Promise<number> {
    using _ = other;
    return left === 0 ? 0 : 1 + (await other.callRemote("pingPong", left - 1, new Player()));
  }
}

class Calculator extends Root {
  static readonly parameters: ParameterNames<Calculator> = { add: ["a", "b"], scale: ["value", "factor?", "offset?"] };
  remote_add(a: number, b: number) {
    return [a, b];
  }
  remote_scale(...args: [value: number, factor?: number, offset?: number]) {
    return args.map((arg) => arg ?? "default");
  }
  remote_free(...args: unknown[]) {
    const last = args.at(-1);
    return last instanceof Keywords ? [args.length, last.toObject()] : [args.length, null];
  }
}

everywhere((meet, { native }) => {
  describe("a call", () => {
    it("returns what the method returned", async () => {
      const { connection } = await meet<Service>(new Service());
      const value = { text: "häufig", list: [1, 2.5, null, true], bytes: Uint8Array.of(0, 128, 255), big: 2n ** 80n };
      expect(await connection.root.callRemote("echo", value)).toEqual(value);
    });

    it("waits for what the method promised", async () => {
      const { connection } = await meet<Service>(new Service());
      expect(await connection.root.callRemote("later", "soon")).toBe("soon");
    });

    it("of a method that returns nothing gives null, or undefined where that can be told", async () => {
      const { connection } = await meet<Service>(new Service());
      expect(await connection.root.callRemote("nothing")).toBe(native ? undefined : null);
    });

    it("is answered when its own method is done, whatever the others do", async () => {
      const { connection } = await meet<Service>(new Service());
      const order: string[] = [];
      const slow = connection.root.callRemote("later", 1).then(() => order.push("slow"));
      const fast = connection.root.callRemote("echo", 1).then(() => order.push("fast"));
      await Promise.all([slow, fast]);
      expect(order).toEqual(["fast", "slow"]);
    });

    it("begins in the order in which it was made", async () => {
      const root = new Service();
      const { connection } = await meet<Service>(root);
      for (let i = 0; i < 100; i++) void connection.root.callRemote("note", i);
      expect(await connection.root.callRemote("notes")).toEqual(Array.from({ length: 100 }, (_, i) => i));
    });

    it("drops trailing arguments that are undefined, and sends others as null", async () => {
      const { connection } = await meet<Service>(new Service());
      expect(await connection.root.callRemote("count", 1, undefined, 2, undefined, undefined)).toBe(3);
    });

    it("fails with the error that the method threw", async () => {
      const { connection, takeLogged } = await meet<Service>(new Service());
      const error = await connection.root.callRemote("refuse").catch((e: unknown) => e);
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ type: "builtins.TypeError", message: "not with me" });
      expect(takeLogged()).toMatchObject([{ level: "error" }]);
    });

    it("cannot reach a method without the prefix, an inherited one, or one that is not there", async () => {
      const { connection } = await meet(new Service());
      for (const name of ["helper", "remote_echo", "constructor", "__defineGetter__", "toString", "", "callRemote"]) {
        const error = await connection.root.callRemote(name).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(RemoteError);
        expect((error as RemoteError).check(NoSuchMethod)).toBe(true);
        expect((error as RemoteError).message).toBe(`No such method: remote_${name}`);
      }
    });

    it("comes back as a callback, also in the middle of itself", async () => {
      const { connection } = await meet<Service>(new Service());
      const listener = new Listener();
      expect(await connection.root.callRemote("tell", listener, "one")).toBe(1);
      expect(await connection.root.callRemote("tell", listener, "two")).toBe(2);
      expect(listener.lines).toEqual(["one", "two"]);
    });

    it("goes to and fro as deep as it likes", async () => {
      const { connection } = await meet<Service>(new Service());
      expect(await connection.root.callRemote("pingPong", 40, new Player())).toBe(40);
    });

    it("tells the server what the client's method threw", async () => {
      const { connection, takeLogged } = await meet<Service>(new Service());
      expect(await connection.root.callRemote("failThrough", new Listener())).toBe("builtins.ValueError: too far");
      expect(takeLogged()).toMatchObject([{ level: "error" }]);
    });
  });

  describe("a call without an answer", () => {
    it("arrives, in order with the others", async () => {
      const root = new Service();
      const { connection } = await meet<Service>(root);
      expect(connection.root.callRemoteOnly("note", "first")).toBeUndefined();
      await connection.root.callRemote("note", "second");
      expect(root.notes).toEqual(["first", "second"]);
    });

    it("is not told of an error, which is logged over there", async () => {
      const { connection, takeLogged } = await meet<Service>(new Service());
      connection.root.callRemoteOnly("refuse");
      expect(await connection.root.callRemote("echo", "alive")).toBe("alive");
      expect(takeLogged()).toMatchObject([{ level: "error", message: expect.stringContaining("refuse") }]);
    });

    it("that cannot be sent is logged here, and nothing is thrown", async () => {
      const { connection, takeLogged } = await meet<Service>(new Service());
      connection.root.callRemoteOnly("note", () => {});
      expect(takeLogged()).toMatchObject([{ level: "warn", message: expect.stringContaining("note") }]);
    });
  });

  describe("the remote sugar", () => {
    it("calls the same methods", async () => {
      const { connection } = await meet<Service>(new Service());
      expect(await connection.root.remote.echo("sweet")).toBe("sweet");
      const { echo } = connection.root.remote;
      expect(await echo("detached")).toBe("detached");
    });

    it("keeps the options of a view", async () => {
      const { connection } = await meet<Service>(new Service());
      const gone = connection.root.with({ signal: AbortSignal.abort("gone") });
      await expect(gone.remote.echo(1)).rejects.toMatchObject({ code: "CALL_ABORTED", cause: "gone" });
    });
  });

  describe("keywords", () => {
    it("find the parameters that a class names", async () => {
      const { connection } = await meet<Calculator>(new Calculator());
      const { root } = connection;
      expect(await root.callRemote("add", 1, 2)).toEqual([1, 2]);
      expect(await root.callRemote("add", 1, kw({ b: 2 }))).toEqual([1, 2]);
      expect(await root.callRemote("add", kw({ b: 2, a: 1 }))).toEqual([1, 2]);
      expect(await root.callRemote("scale", 5, kw({ offset: 7 }))).toEqual([5, "default", 7]);
      expect(await root.callRemote("scale", 5)).toEqual([5]);
    });

    it.each([
      ["missing", ["add", 1], "add() missing the argument 'b'"],
      ["missing, others by name", ["add", kw({ b: 1 })], "add() missing the argument 'a'"],
      ["too many", ["add", 1, 2, 3], "add() takes 2 arguments but 3 were given"],
      ["unknown", ["add", 1, 2, kw({ c: 3 })], "add() got an unexpected keyword argument 'c'"],
      ["twice", ["add", 1, 2, kw({ a: 3 })], "add() got multiple values for argument 'a'"],
      [
        "unknown, named as an inherited member",
        ["add", 1, 2, kw({ constructor: 3 })],
        "add() got an unexpected keyword argument 'constructor'",
      ],
    ])("are a TypeError over there when an argument is %s", async (_what, [name, ...args], message) => {
      const { connection, takeLogged } = await meet(new Calculator());
      const error = await connection.root.callRemote(name as string, ...args).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ type: "builtins.TypeError", message });
      takeLogged();
    });

    it("are named for a subclass by its own table and those of its bases", async () => {
      class Scientific extends Calculator {
        static override readonly parameters: ParameterNames<Scientific> = { power: ["base", "exponent"] };
        remote_power(base: number, exponent: number) {
          return base ** exponent;
        }
      }
      const { connection } = await meet<Scientific>(new Scientific());
      expect(await connection.root.callRemote("power", kw({ exponent: 3, base: 2 }))).toBe(8);
      expect(await connection.root.callRemote("add", kw({ b: 2, a: 1 }))).toEqual([1, 2]);
    });

    it("come as a last Keywords where the class names no parameters", async () => {
      const { connection } = await meet(new Calculator());
      expect(await connection.root.callRemote("free", 1, kw({ x: 2, y: [3] }))).toEqual([2, { x: 2, y: [3] }]);
      expect(await connection.root.callRemote("free", 1)).toEqual([1, null]);
      expect(await connection.root.callRemote("free", 1, kw({}))).toEqual([1, null]);
    });

    it("carry objects as arguments do", async () => {
      class Holder extends Root {
        static readonly parameters: ParameterNames<Holder> = { take: ["listener"] };
        async remote_take(listener: RemoteReference<Listener>) {
          using held = listener;
          return await held.callRemote("heard", "by name");
        }
      }
      const { connection } = await meet<Holder>(new Holder());
      expect(await connection.root.callRemote("take", kw({ listener: new Listener() }))).toBe(1);
    });

    it("cannot stand in the middle", async () => {
      const { connection } = await meet(new Calculator());
      await expect(connection.root.callRemote("free", kw({ a: 1 }), 2)).rejects.toMatchObject({
        code: "UNSENDABLE",
        path: "[0]",
      });
    });
  });

  describe("what a server offers", () => {
    it("is its root, and objects by name", async () => {
      const other = new Service();
      const { connection, server } = await meet<Service>(new Service(), { server: { objects: { other } } });
      const third = new Listener();
      const published = server.publish("third", third);
      expect(await connection.object<Service>("other").callRemote("echo", 2)).toBe(2);
      expect(await connection.object<Listener>("third").callRemote("heard", "you")).toBe(1);
      published[Symbol.dispose]();
      await expect(connection.object<Listener>("third").callRemote("heard", "you")).rejects.toMatchObject({
        type: "twisted.spread.pb.Error",
        message: "Invalid Object ID",
      });
    });

    it("can be offered by the client as well", async () => {
      const listener = new Listener();
      const { connection, accepted } = await meet(new Service(), { client: { objects: { first: listener } } });
      connection.publish("second", listener);
      expect(await accepted.object<Listener>("first").callRemote("heard", "1")).toBe(1);
      expect(await accepted.object<Listener>("second").callRemote("heard", "2")).toBe(2);
      await expect(accepted.root.callRemote("heard", "3")).rejects.toMatchObject({ message: "Invalid Object ID" });
    });

    it("is known under a name only as long as nobody else takes it", async () => {
      const first = new Service();
      const second = new Calculator();
      const { connection } = await meet<Service>(new Service());
      const reference = connection.object("name");
      expect(reference).toBe(connection.object("name"));
      const accepted = (await meet(new Service())).accepted;
      const one = accepted.publish("name", first);
      const two = accepted.publish("name", second);
      one[Symbol.dispose]();
      expect(accepted.inspect().names).toContain("name");
      two[Symbol.dispose]();
      expect(accepted.inspect().names).not.toContain("name");
    });

    it("can be a root for each connection", async () => {
      const roots = new Map<Connection, Listener>();
      const { connection, accepted, server } = await meet<Listener>((client) => {
        const root = new Listener();
        roots.set(client, root);
        return root;
      });
      await connection.root.callRemote("heard", "mine");
      expect(roots.get(accepted)?.lines).toEqual(["mine"]);
      expect([...server.connections]).toEqual([accepted]);
    });

    it("can be chosen by the root itself", async () => {
      class Reception extends Root {
        override rootObject(client: Connection) {
          const listener = new Listener();
          client.storage.set("listener", listener);
          return listener;
        }
      }
      const { connection, accepted } = await meet<Listener>(new Reception());
      expect(await connection.root.callRemote("heard", "mine")).toBe(1);
      expect(accepted.storage.get("listener")).toMatchObject({ lines: ["mine"] });
    });

    it("knows the connection that calls", async () => {
      class Who extends Root {
        remote_same() {
          return currentCall().connection === accepted;
        }
      }
      const met = await meet<Who>(new Who());
      const { accepted } = met;
      expect(await met.connection.root.callRemote("same")).toBe(true);
    });
  });

  describe("a tuple", () => {
    it("stays one, and a list stays a list", async () => {
      const { connection } = await meet<Service>(new Service());
      const back = (await connection.root.callRemote("echo", tuple(1, [2]))) as unknown[];
      expect(back).toEqual(tuple(1, [2]));
      expect(Array.isArray(back[1]) && back[1].constructor).toBe(Array);
    });
  });

  describe("a name that nobody has published", () => {
    it("is a reference whose calls fail, and it owes nothing", async () => {
      const { connection } = await meet(new Service());
      const nobody = connection.object("nobody");
      expect(nobody).toBeInstanceOf(RemoteReference);
      await expect(nobody.callRemote("x")).rejects.toMatchObject({ message: "Invalid Object ID" });
      nobody.release();
      nobody.releaseAll();
      await expect(nobody.callRemote("x")).rejects.not.toBeInstanceOf(DeadReferenceError);
      await until(() => connection.inspect().awaited === 0);
    });
  });
});
