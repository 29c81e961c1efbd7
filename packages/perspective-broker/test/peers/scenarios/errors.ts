// What goes wrong at the server, at the sender, and on the way, and that the connection can be used afterwards.
import {
  BananaError,
  kw,
  LimitExceeded,
  PBError,
  PerspectiveBrokerError,
  RemoteError,
  Unpersistable,
  UnsendableError,
} from "perspective-broker";
import { Unregistered, UnregisteredNoDot } from "../wire-copies.ts";
import { KnownError } from "../wire-errors.ts";
import { equal, failureOf, holds, instance, remoteError } from "./checks.ts";
import { type Scenario, scenario } from "./scenario.ts";
import { withUnknownObject } from "./unknown-object.ts";

export const errors: readonly Scenario[] = [
  scenario("error_expected", "a pb.Error of the server, with its parents", async (peer) => {
    const root = await peer.root();
    const error = await failureOf(root.callRemote("broken"));
    const remote = remoteError(error, "pbpeer.PeerError", "fall down go boom", "twisted.spread.pb.Error");
    holds(remote.check(PBError), "check(PBError) does not match");
    const later = await failureOf(root.callRemote("brokenLater"));
    remoteError(later, "pbpeer.PeerError", "fall down later", "twisted.spread.pb.Error");
  }),

  scenario("error_unexpected", "an unexpected exception of the server", async (peer) => {
    const root = await peer.root();
    const error = await failureOf(root.callRemote("broken2"));
    const remote = remoteError(error, "pbpeer.PeerError2", "hadda owie", "builtins.Exception");
    holds(!remote.check(PBError), "it is no pb.Error");
    const later = await failureOf(root.callRemote("broken2Later"));
    remoteError(later, "pbpeer.PeerError2", "owie later", "builtins.Exception");
    const divided = instance(await failureOf(root.callRemote("zeroDivide")), RemoteError);
    equal(divided.type, "builtins.ZeroDivisionError", "type");
    holds(divided.check("builtins.Exception"), "zeroDivide is no builtins.Exception");
    equal(await root.callRemote("echo", 1), 1, "connection usable afterwards");
  }),

  scenario("error_known", "an exception that both sides registered travels as itself", async (peer) => {
    const root = await peer.root();
    for (const [method, code] of [
      ["brokenKnown", 42],
      ["brokenKnownLater", 43],
    ] as const) {
      const error = instance(await failureOf(root.callRemote(method)), KnownError);
      equal(error.code, code, "code");
    }
  }),

  scenario("no_such_method", "a method that does not exist", async (peer) => {
    const root = await peer.root();
    const error = await failureOf(root.callRemote("nosuch"));
    const type = "twisted.spread.flavors.NoSuchMethod";
    remoteError(error, type, "No such method: remote_nosuch", "builtins.AttributeError");
  }),

  scenario("bad_arguments", "wrong arguments", async (peer) => {
    const root = await peer.root();
    const wrong: unknown[][] = [[], [1, 2], [1, kw({ nosuchkeyword: 2 })], [1, kw({ x: 2 })]];
    for (const args of wrong) {
      const error = instance(await failureOf(root.callRemote("echo", ...args)), RemoteError);
      equal(error.type, "builtins.TypeError", "type");
    }
    equal(await root.callRemote("echo", 1), 1, "connection usable afterwards");
  }),

  scenario("bad_object_id", "a call to an object id that does not exist", async (peer) => {
    const connection = await peer.connect();
    const named = await failureOf(connection.object("nosuchname").callRemote("three", 1));
    remoteError(named, "twisted.spread.pb.Error", "Invalid Object ID");
    equal(await connection.root.callRemote("echo", 1), 1, "connection usable after an unknown name");
    const { ghost, root } = await withUnknownObject(peer, 4711);
    const numbered = await failureOf(ghost.callRemote("three", 1));
    remoteError(numbered, "twisted.spread.pb.Error", "Invalid Object ID");
    equal(await root.callRemote("echo", 1), 1, "connection usable after an unknown number");
  }),

  scenario(
    "insecure_jelly",
    "an argument whose class the server does not accept: InsecureJelly comes back",
    async (peer) => {
      const root = await peer.root();
      const type = "twisted.spread.jelly.InsecureJelly";
      const dotted = instance(await failureOf(root.callRemote("echo", new Unregistered())), RemoteError);
      equal(dotted.type, type, "type");
      equal(dotted.message, "Module pbpeer not allowed (in type pbpeer.Unregistered).", "message");
      const undotted = instance(await failureOf(root.callRemote("echo", new UnregisteredNoDot())), RemoteError);
      equal(undotted.type, type, "type without a dot");
      equal(undotted.message, "b'pbpeerUnregistered'", "message without a dot");
      equal(await root.callRemote("echo", 1), 1, "connection usable afterwards");
    },
  ),

  scenario(
    "unpersistable",
    "an argument that is no flavour at all: the sender makes it unpersistable",
    async (peer) => {
      const root = await peer.root({ unsendable: "unpersistable" });
      equal(await root.callRemote("kind", new Scary()), "Unpersistable", "kind");
      equal(await root.callRemote("kind", () => 1), "Unpersistable", "kind of a function");
      const strict = await peer.root();
      equal(
        await strict.callRemote("kind", new Unpersistable("on purpose")),
        "Unpersistable",
        "kind of an explicit one",
      );
      const back = await strict.callRemote("echo", new Unpersistable("on purpose"));
      instance(back, Unpersistable);
    },
  ),

  scenario(
    "unserializable",
    "an argument that cannot be serialised: fails at the caller, nothing is sent",
    async (peer) => {
      const connection = await peer.connect();
      const { root } = connection;
      const unsendable = instance(await failureOf(root.callRemote("poke", { at: [new Scary()] })), UnsendableError);
      equal(unsendable.path, "[0].at[0]", "path");
      instance(await failureOf(root.callRemote("poke", "\ud800")), UnsendableError);
      const huge = [2n ** 448n, new Uint8Array(640 * 1024 + 1)];
      for (const value of huge) {
        const error = instance(await failureOf(root.callRemote("poke", value)), PerspectiveBrokerError);
        holds(error instanceof BananaError || error instanceof LimitExceeded, `got ${error.name}`);
      }
      equal(connection.inspect().awaited, 0, "calls that wait for an answer");
      equal(await root.callRemote("getPokes"), [], "what arrived");
      equal(await root.callRemote("echo", 1), 1, "connection usable afterwards");
    },
  ),
];

/** No flavour at all. */
class Scary {}
