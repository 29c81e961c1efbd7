// Which types a connection admits: the same for every connection unless it is told otherwise, on either side.
import { describe, expect, it } from "vitest";
import {
  PBError,
  Referenceable,
  Registry,
  type RemoteReference,
  Root,
  registerError,
  SecurityOptions,
} from "../../src/index.ts";
import { inEveryDialect } from "../support/everywhere.ts";

class Coded extends PBError {
  static override wireName = "app.Coded";
  code = 7;
}

class Undotted extends PBError {
  static override wireName = "undotted";
}

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class Service extends Root {
  remote_echo(value: any): any {
    return value;
  }
  remote_getTwo() {
    return new Two();
  }
  async remote_call(two: RemoteReference<Two>) {
    using held = two;
    return await held.callRemote("three", 2);
  }
  remote_fail(undotted: boolean): never {
    throw undotted ? new Undotted("no dot") : new Coded("with a dot");
  }
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

const insecure = (name: string) => ({ type: "twisted.spread.jelly.InsecureJelly", message: `b'${name}'` });

inEveryDialect((meet) => {
  describe("a connection without options of its own", () => {
    it("admits all values, references, and the classes of the global registry, at both ends", async () => {
      using _ = registerError(Coded);
      const { connection } = await meet<Service>(new Service());
      const value = { list: [1, null, true], set: new Set([1]), text: "x", date: new Date(0) };
      expect(await connection.root.callRemote("echo", value)).toMatchObject({ list: [1, null, true] });
      expect(await connection.root.callRemote("getTwo").callRemote("three", 1)).toBe(3);
      expect(await connection.root.callRemote("call", new Two())).toBe(6);
      expect(await connection.root.callRemote("echo", new Coded("sent"))).toBeInstanceOf(Coded);
      expect(await caught(connection.root.callRemote("fail", false))).toBeInstanceOf(Coded);
    });

    it("does not admit them any more when they are taken back", async () => {
      registerError(Coded)[Symbol.dispose]();
      const { connection } = await meet<Service>(new Service());
      expect(await caught(connection.root.callRemote("fail", false))).toMatchObject({ code: "REMOTE_ERROR" });
    });
  });

  describe("a server with options of its own", () => {
    it("admits not even a call, if they are empty", async () => {
      const { connection } = await meet<Service>(new Service(), { server: { security: new SecurityOptions() } });
      expect(await caught(connection.root.callRemote("echo", 1))).toMatchObject(insecure("tuple"));
    });

    it("admits values but no references with the basic types", async () => {
      const security = new SecurityOptions().allowBasicTypes();
      const { connection } = await meet<Service>(new Service(), { server: { security } });
      expect(await connection.root.callRemote("echo", { a: [1] })).toEqual({ a: [1] });
      expect(await caught(connection.root.callRemote("call", new Two()))).toMatchObject(insecure("remote"));
      expect(connection.inspect().exports).toEqual([]);
    });

    it("admits references when it is told to", async () => {
      const security = new SecurityOptions().allowBasicTypes().allowReferences();
      const { connection } = await meet<Service>(new Service(), { server: { security } });
      expect(await connection.root.callRemote("call", new Two())).toBe(6);
    });
  });

  describe("a client with options of its own", () => {
    it("fails the call whose answer it does not admit, and that only", async () => {
      const security = new SecurityOptions().allowBasicTypes();
      const { connection, accepted } = await meet<Service>(new Service(), { client: { security } });
      expect(await caught(connection.root.callRemote("getTwo"))).toMatchObject({ code: "INSECURE_JELLY" });
      expect(await connection.root.callRemote("echo", [1])).toEqual([1]);
      expect(accepted.inspect().exports).toEqual([]);
    });
  });

  describe("a registered class whose name has no dot", () => {
    it("is admitted by being registered, or by options that name it", async () => {
      const registry = new Registry();
      registry.registerError(Undotted, undefined, { thrownAs: "itself" });
      const both = { client: { registry }, server: { registry } };
      const open = await meet<Service>(new Service(), both);
      expect(await caught(open.connection.root.callRemote("fail", true))).toBeInstanceOf(Undotted);

      const strict = new SecurityOptions().allowBasicTypes().allowReferences();
      const closed = await meet<Service>(new Service(), { ...both, client: { registry, security: strict } });
      expect(await caught(closed.connection.root.callRemote("fail", true))).toMatchObject({
        code: "INSECURE_JELLY",
        message: "b'undotted'",
      });

      const named = new SecurityOptions().allowBasicTypes().allowReferences().allowTypes("undotted");
      const again = await meet<Service>(new Service(), { ...both, client: { registry, security: named } });
      expect(await caught(again.connection.root.callRemote("fail", true))).toBeInstanceOf(Undotted);
    });
  });
});
