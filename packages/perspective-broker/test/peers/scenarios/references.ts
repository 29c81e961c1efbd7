// References in both directions: identity on the way home, and exact counts on both sides.
import { DeadReferenceError, kw, Referenceable, RemoteReference, tuple } from "perspective-broker";
import { equal, failureOf, holds, instance, remoteError, same, settles, shown, until } from "./checks.ts";
import { ClientTwo } from "./client-two.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const references: readonly Scenario[] = [
  scenario("get_two_three", "getTwo gives a reference; three() on it answers", async (peer) => {
    const root = await peer.root();
    using two = instance(await root.callRemote("getTwo"), RemoteReference);
    equal(await two.callRemote("three", 12), tuple("three", 12));
    using me = await two.callRemote("me");
    same(me, two, "the same object twice");
    equal(await root.callRemote("getTwo").callRemote("three", 13), tuple("three", 13), "called before it was there");
  }),

  scenario("check_two", "a reference handed back is the server's own object again", async (peer) => {
    const root = await peer.root();
    using two = await root.callRemote("getTwo");
    equal(await root.callRemote("checkTwo", two), true, "my two");
    using other = await root.callRemote("newTwo");
    equal(await root.callRemote("checkTwo", other), false, "another two");
    equal(await root.callRemote("checkRoot", root), true, "the root itself");
    equal(await root.callRemote("checkRoot", two), false, "the two as the root");
    equal(await root.callRemote("kind", two), "Two", "kind");
    using back = await root.callRemote("echo", two);
    same(back, two, "echoed reference");
  }),

  scenario("take_two", "the server calls an object of the client and passes its answer on", async (peer) => {
    const root = await peer.root();
    const mine = new ClientTwo();
    equal(await root.callRemote("takeTwo", mine), "printed 12");
    equal(mine.printed, [12]);
    const hello = await root.callRemote("callBack", mine, "hello", 1, kw({ k: 2 }));
    equal(hello, tuple("hello", tuple(1), { k: 2 }), "hello");
    equal(await root.callRemote("kind", mine), "RemoteReference", "kind");
    // The server need not hold it any more when it sends it back; this side keeps it while the call is unanswered.
    same(await root.callRemote("echo", mine), mine, "my own object, echoed");
    await root.callRemote("keep", mine);
    await root.callRemote("keep", [mine, mine]);
    const kept = await root.callRemote("getKept");
    same(kept[0], mine, "my own object, kept");
    equal(kept[1].length, 2, "twice in one message");
    for (const each of kept[1]) same(each, mine, "twice in one message");
    await root.callRemote("dropKept");
  }),

  scenario(
    "take_two_error",
    "an error of the client's object travels through the server back to the client",
    async (peer) => {
      const root = await peer.root();
      const error = await failureOf(root.callRemote("callBack", new ClientTwo(), "broken"));
      remoteError(error, "pbpeer.PeerError", "client boom", "twisted.spread.pb.Error");
    },
  ),

  scenario(
    "decref_after_gc",
    "references are counted: live objects on the server go back to what they were",
    async (peer) => {
      const root = await peer.root();
      const before = await root.callRemote("liveRefs");
      const a = await root.callRemote("newTwo");
      {
        using _b = await root.callRemote("newTwo");
        equal(await root.callRemote("liveRefs"), before + 2, "after two references");
        a.release();
        await settles(root, "liveRefs", before + 1, "after release()");
      }
      await settles(root, "liveRefs", before, "after the end of a using block");
      await receiveAndForget(root);
      equal(await root.callRemote("liveRefs"), before + 1, "after a reference that is then forgotten");
      await settles(root, "liveRefs", before, "after garbage collection", collectGarbage);
    },
  ),

  scenario("decref_counts", "one object sent three times needs three decrefs", async (peer) => {
    const root = await peer.root();
    const before = await root.callRemote("liveRefs");
    const a = await root.callRemote("getTwo");
    const b = await root.callRemote("getTwo");
    const c = await root.callRemote("getTwo");
    equal(await root.callRemote("liveRefs"), before + 1, "one object");
    a.release();
    b.release();
    equal(await root.callRemote("liveRefs"), before + 1, "still held");
    equal(await c.callRemote("three", 1), tuple("three", 1), "still callable");
    c.release();
    await settles(root, "liveRefs", before, "all dropped");
    instance(await failureOf(c.callRemote("three", 1)), DeadReferenceError);
    c.release();
    equal(await root.callRemote("echo", 1), 1, "one release too many is harmless");
  }),

  scenario("decref_from_server", "the client's exports go away when the server drops its references", async (peer) => {
    const connection = await peer.connect();
    const { root } = connection;
    const live = () => connection.inspect().exports;
    const mine = new ClientTwo();
    equal(await root.callRemote("keep", mine), 1, "keep");
    await until(() => live().length === 1, `one export was wanted, got ${shown(live())}`);
    equal(await root.callRemote("echo", null), null);
    equal(live().length, 1, "exports while it is kept");
    await root.callRemote("dropKept");
    await until(() => live().length === 0, `exports stay after dropKept: ${shown(live())}`);
  }),
];

async function receiveAndForget(root: RemoteReference): Promise<void> {
  const forgotten = await root.callRemote("newTwo");
  holds(!(forgotten instanceof Referenceable), "newTwo must be a reference");
}
