// What a connection with security options of its own refuses, and where each refusal is seen (spec §3.9, §3.10).
import { describe, expect, it } from "vitest";
import { InsecureJelly, UnsendableError } from "../../src/errors.ts";
import { Registry, SecurityOptions } from "../../src/index.ts";
import { Echo } from "./support/echo.ts";
import { type Sexp, unicode } from "./support/elements.ts";
import { GREETING, isOpen, strangerAtClient, strangerAtServer } from "./support/stranger.ts";

const call = (id: number, method: string, ...args: Sexp[]): Sexp => {
  return ["message", id, "root", method, 1, ["tuple", ...args], ["dictionary"]];
};

/** What a server with these options says to some calls; errors by their text. */
async function said(security: SecurityOptions | undefined, registry: Registry, ...calls: Sexp[]): Promise<Sexp[]> {
  const { stranger, connection } = await strangerAtServer(new Echo(), { registry, ...(security && { security }) });
  await stranger.agree();
  await stranger.say(...calls);
  expect(await isOpen(connection)).toBe(true);
  return stranger.heard().map((message: any) => {
    if (message[0] !== "error") return message;
    const pairs = message[2][1].slice(1);
    const text = (name: string) => pairs.find(([[, key]]: any) => key === name)[1];
    return ["error", message[1], text("type"), text("value")[1]];
  });
}

const INSECURE = "twisted.spread.jelly.InsecureJelly";
const values: Sexp[] = [
  call(1, "echo", ["list", unicode("x"), ["dictionary", [1, 2]]]),
  call(2, "echo", ["remote", 5]),
];

class AppError extends Error {
  static wireName = "app.Error";
}

class Bare extends Error {
  static wireName = "appBare";
}

function registered(): Registry {
  const registry = new Registry();
  registry.registerError(AppError);
  registry.registerError(Bare);
  return registry;
}

describe("spec §3.9: a server", () => {
  it("with a plain SecurityOptions refuses every call: the arguments are a tuple", async () => {
    expect(await said(new SecurityOptions(), new Registry(), ...values, call(3, "nosuch"))).toEqual([
      ["error", 1, INSECURE, "b'tuple'"],
      ["decref", 5],
      ["error", 2, INSECURE, "b'tuple'"],
      ["error", 3, INSECURE, "b'tuple'"],
    ]);
  });

  it("with allowBasicTypes takes values and refuses references, which it gives back", async () => {
    const heard = await said(new SecurityOptions().allowBasicTypes(), new Registry(), ...values);
    expect(heard).toContainEqual(["answer", 1, ["list", unicode("x"), ["dictionary", [1, 2]]]]);
    expect(heard).toContainEqual(["error", 2, INSECURE, "b'remote'"]);
    expect(heard).toContainEqual(["decref", 5]);
  });

  it("with allowReferences as well takes both", async () => {
    const security = new SecurityOptions().allowBasicTypes().allowReferences();
    const heard = await said(security, new Registry(), ...values);
    expect(heard).toContainEqual(["answer", 2, ["local", 5]]);
  });

  it("without options of its own takes what is registered, with and without a dot in its tag", async () => {
    const error = (tag: string): Sexp => [tag, ["dictionary", [unicode("code"), 1]]];
    const heard = await said(
      undefined,
      registered(),
      call(1, "echo", error("app.Error")),
      call(2, "echo", error("appBare")),
    );
    expect(heard).toEqual([
      ["answer", 1, error("app.Error")],
      ["answer", 2, error("appBare")],
    ]);
  });

  it("with options of its own takes a registered tag with a dot, and one without where it is admitted", async () => {
    const basic = () => new SecurityOptions().allowBasicTypes();
    const calls = [call(1, "echo", ["app.Error", ["dictionary"]]), call(2, "echo", ["appBare", ["dictionary"]])];
    expect(await said(basic(), registered(), ...calls)).toEqual([
      ["answer", 1, ["app.Error", ["dictionary"]]],
      ["error", 2, INSECURE, "b'appBare'"],
    ]);
    expect((await said(basic().allowTypes("appBare"), registered(), ...calls))[1]).toEqual([
      "answer",
      2,
      ["appBare", ["dictionary"]],
    ]);
  });

  it("refuses each form that is not admitted, wherever it is", async () => {
    const security = new SecurityOptions().allowTypes("tuple", "dictionary");
    const forms: [Sexp, string][] = [
      [["list"], "list"],
      [["tuple", ["list"]], "list"],
      [["set", ["list"]], "list"],
      [["dictionary", [unicode("k"), ["list"]]], "list"],
      [["reference", 1, ["tuple"]], "reference"],
      [["dereference", 1], "dereference"],
      [["unpersistable", "x"], "unpersistable"],
      [["persistent", 1], "persistent"],
      [["local", 1], "local"],
    ];
    for (const [form, name] of forms) {
      expect(await said(security, new Registry(), call(1, "echo", form))).toEqual([
        ["error", 1, INSECURE, `b'${name}'`],
      ]);
    }
  });
});

describe("spec §3.9: where a violation is seen", () => {
  async function client(options: Parameters<typeof strangerAtClient>[0] = {}) {
    const { stranger, connected } = strangerAtClient(options);
    await stranger.write(GREETING);
    return { stranger, connection: await connected };
  }

  it("a value of an unknown class: at the sender, here; as an Unpersistable at the receiver where that is asked for", async () => {
    class Scary {}
    const strict = await client();
    await expect(strict.connection.root.callRemote("echo", new Scary())).rejects.toThrow(UnsendableError);
    const { stranger, connection } = await client({ unsendable: "unpersistable" });
    connection.root.callRemoteOnly("echo", new Scary());
    await stranger.quiet();
    const args: Sexp = ["tuple", ["unpersistable", expect.stringContaining("Scary deemed insecure") as never]];
    expect(stranger.heard()).toEqual([["message", 1, "root", "echo", 0, args, ["dictionary"]]]);
  });

  it("a tag that is not registered, in arguments: an error answer", async () => {
    const heard = await said(
      undefined,
      new Registry(),
      call(1, "echo", ["app.Nosuch", ["dictionary"]]),
      call(2, "echo", 1),
    );
    expect(heard).toEqual([
      ["error", 1, INSECURE, "Module app not allowed (in type app.Nosuch)."],
      ["answer", 2, 1],
    ]);
  });

  it("the same in an answer or an error: the call fails, and the connection stays", async () => {
    for (const kind of ["answer", "error"]) {
      const { stranger, connection } = await client();
      const answer = connection.root.callRemote("echo");
      const settled = expect(answer).rejects.toThrow(InsecureJelly);
      await stranger.say([kind, 1, ["app.Nosuch", ["dictionary"]]]);
      await settled;
      expect(await isOpen(connection)).toBe(true);
    }
  });

  it("an answer that options of one's own refuse: the same", async () => {
    const { stranger, connection } = await client({ security: new SecurityOptions().allowBasicTypes() });
    const answer = connection.root.callRemote("getTwo");
    const settled = expect(answer).rejects.toThrow(new InsecureJelly("b'remote'"));
    await stranger.say(["answer", 1, ["remote", 1]]);
    await settled;
    expect(stranger.heard().at(-1)).toEqual(["decref", 1]);
  });

  it("what cannot be serialised, as an argument: the promise; nothing is sent and no number is used", async () => {
    const { stranger, connection } = await client();
    const other = await client();
    const throwing = {
      get x() {
        throw new RangeError("mine");
      },
    };
    await expect(connection.root.callRemote("echo", other.connection.root)).rejects.toThrow(UnsendableError);
    await expect(connection.root.callRemote("echo", throwing)).rejects.toThrow("mine");
    connection.root.callRemoteOnly("echo", 1);
    await stranger.quiet();
    expect(stranger.heard()).toEqual([["message", 1, "root", "echo", 0, ["tuple", 1], ["dictionary"]]]);
  });
});

describe("spec §3.10: registries", () => {
  it("a connection's own registry is no other's", async () => {
    const forms = call(1, "echo", ["app.Error", ["dictionary"]]);
    expect((await said(undefined, registered(), forms))[0]).toEqual(["answer", 1, ["app.Error", ["dictionary"]]]);
    expect((await said(undefined, new Registry(), forms))[0]).toMatchObject({ 0: "error", 2: INSECURE });
  });

  it("what is registered can be taken back", async () => {
    const registry = new Registry();
    const registration = registry.registerError(AppError);
    registration[Symbol.dispose]();
    const heard = await said(undefined, registry, call(1, "echo", ["app.Error", ["dictionary"]]));
    expect(heard[0]).toMatchObject({ 0: "error", 2: INSECURE });
  });
});
