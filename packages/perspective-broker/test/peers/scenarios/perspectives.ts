// What a user who has logged in can do: methods of the avatar, the mind, views, copies of one's own, and going again.
import { setTimeout as pause } from "node:timers/promises";
import { Anonymous, kw, RemoteError, type RemoteReference, tuple } from "perspective-broker";
import { RemotePerUser } from "../wire-copies.ts";
import { equal, failureOf, holds, instance, remoteError, same, shown, until } from "./checks.ts";
import { ClientTwo } from "./client-two.ts";
import { alice, bob, byMD5, type Scenario, scenario } from "./scenario.ts";

export const perspectives: readonly Scenario[] = [
  scenario("perspective", "perspective methods: arguments, keywords, errors, no such method", async (peer) => {
    const avatar = await peer.login(alice);
    equal(await avatar.callRemote("echo", 1, "two", kw({ k: [3] })), tuple(tuple(1, "two"), { k: [3] }), "echo");
    const broken = await failureOf(avatar.callRemote("broken"));
    remoteError(broken, "pbpeer.PeerError", "perspective boom", "twisted.spread.pb.Error");
    const broken2 = await failureOf(avatar.callRemote("broken2"));
    remoteError(broken2, "pbpeer.PeerError2", "perspective owie", "builtins.Exception");
    const missing = instance(await failureOf(avatar.callRemote("nosuch")), RemoteError);
    equal(missing.type, "builtins.AttributeError", "type for a missing perspective_ method");
  }),

  scenario("mind", "the mind: an object of the client that the avatar calls", async (peer) => {
    const connection = await peer.portal();
    const mind = new ClientTwo();
    const avatar = await connection.login(alice, { ...byMD5, mind });
    equal(await avatar.callRemote("callMind", "hello", "there"), tuple("hello", tuple("there"), {}), "callMind");
    same(await avatar.callRemote("mindIs"), mind, "the mind");
    const error = await failureOf(avatar.callRemote("callMind", "broken"));
    remoteError(error, "pbpeer.PeerError", "client boom", "twisted.spread.pb.Error");
    const live = () => connection.inspect().exports;
    equal(live().length, 1, "exports while logged in");
    avatar.release();
    await until(() => live().length === 0, `the mind stays after the logout: ${shown(live())}`);
  }),

  scenario("viewable", "a Viewable: view_ methods get the caller's perspective first", async (peer) => {
    const a = await peer.login(alice);
    const b = await peer.login(bob);
    const seenByA = await a.callRemote("getBoard");
    const seenByB = await b.callRemote("getBoard");
    equal(await seenByA.callRemote("who", 1, kw({ k: 2 })), tuple(bytes("alice"), tuple(1), { k: 2 }), "alice's view");
    equal(await seenByB.callRemote("who"), tuple(bytes("bob"), tuple(), {}), "bob's view");
    equal(await a.callRemote("isBoard", seenByA), true, "the view handed back");
    same(await a.callRemote("getBoard"), seenByA, "the same view");
    const failed = await failureOf(seenByA.callRemote("fail"));
    remoteError(failed, "pbpeer.PeerError", "not for alice", "twisted.spread.pb.Error");
    const missing = instance(await failureOf(seenByA.callRemote("nosuch")), RemoteError);
    equal(missing.type, "builtins.AttributeError", "type for a missing view_ method");
  }),

  scenario("copyable_per_perspective", "a Copyable whose state depends on the perspective", async (peer) => {
    const avatar = await peer.login(alice);
    const mine = instance(await avatar.callRemote("getPerUser", bytes("alice")), RemotePerUser);
    equal([mine.owner, mine.secret], [bytes("alice"), "the secret of alice"], "one's own");
    const theirs = instance(await avatar.callRemote("getPerUser", bytes("bob")), RemotePerUser);
    equal(theirs.owner, bytes("bob"), "owner of somebody else's");
    holds(theirs.secret === undefined, "saw a secret of somebody else");
  }),

  scenario("logout", "logout: when the avatar's reference is released, and when the connection goes", async (peer) => {
    const watch = await peer.login(new Anonymous());
    const before = await logoutsOfAlice(watch);
    const connection = await peer.portal();
    const avatar = await connection.login(alice, byMD5);
    equal(await avatar.callRemote("whoami"), bytes("alice"));
    avatar.release();
    await logouts(watch, before + 1, "after release");
    const again = await connection.login(alice, byMD5);
    equal(await again.callRemote("whoami"), bytes("alice"), "logged in again");
    equal(await logoutsOfAlice(watch), before + 1, "while logged in again");
    await connection.close();
    await logouts(watch, before + 2, "after disconnect");
    equal(await logoutsOfAlice(watch), before + 2, "each login ends once");
  }),
];

async function logouts(watch: RemoteReference, want: number, what: string): Promise<void> {
  let got = 0;
  for (let attempt = 0; attempt < 120; attempt++) {
    got = await logoutsOfAlice(watch);
    if (got === want) return;
    await pause(25);
  }
  equal(got, want, `logouts of alice ${what}`);
}

async function logoutsOfAlice(watch: RemoteReference): Promise<number> {
  const names: Uint8Array[] = await watch.callRemote("logouts");
  return names.filter((name) => Buffer.from(name).equals(bytes("alice"))).length;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
