// Caches in both directions: the first state, the changes, identity on the way home, and exact counts on both sides.
import { DeadReferenceError, RemoteError, type RemoteReference, tuple } from "perspective-broker";
import { RemoteStock, Stock } from "../wire-caches.ts";
import { equal, failureOf, holds, instance, remoteError, same, settles, shown, until } from "./checks.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const caches: readonly Scenario[] = [
  scenario("cacheable_from_server", "a Cacheable of the server: state, updates, identity, release", async (peer) => {
    const connection = await peer.connect();
    const { root } = connection;
    const stock = instance(await root.callRemote("getStock"), RemoteStock);
    equal([stock.name, stock.price, stock.seen], ["ACME", 10, []], "the first state");
    const changes: unknown[] = [];
    using _listener = stock.onChange((change) => changes.push(change));
    equal(await root.callRemote("setPrice", 11), [11], "answer of observe_price");
    equal([stock.price, stock.seen], [11, [11]], "after a change");
    equal(changes, [{ message: "price", args: [11] }], "onChange");
    same(await root.callRemote("getStock"), stock, "the same Cacheable, received again");
    equal(await root.callRemote("stockInfo"), { observers: 1, stopped: 0 }, "stockInfo");
    equal(await root.callRemote("setPrice", 12), [12]);
    equal(stock.price, 12);
    equal(await root.callRemote("isStock", stock), true, "isStock");
    equal(await root.callRemote("liveCaches"), 1, "liveCaches");
    stock.release();
    equal(await root.callRemote("stockInfo"), { observers: 1, stopped: 0 }, "stockInfo, one of two given back");
    equal(await root.callRemote("setPrice", 13), [13]);
    stock.release();
    await settles(root, "liveCaches", 0, "after both were given back");
    equal(await root.callRemote("stockInfo"), { observers: 0, stopped: 1 }, "stockInfo, both given back");
    const held = () => connection.inspect().cachesHeld;
    await until(() => held().length === 0, `caches stay here: ${shown(held())}`);
    equal(await root.callRemote("setPrice", 12), [], "nobody follows");
    equal(stock.price, 13, "what was given back keeps its last state");
    const fresh = instance(await root.callRemote("getStock"), RemoteStock);
    holds(fresh !== stock, "a fresh copy was wanted");
    equal([fresh.price, fresh.seen], [12, []], "a fresh copy");
    equal(await root.callRemote("stockInfo"), { observers: 1, stopped: 1 }, "stockInfo, received again");
    fresh.release();
    await settles(root, "liveCaches", 0, "after the fresh copy");
    await receiveAndForget(root);
    equal(await root.callRemote("liveCaches"), 1, "after a copy that is then forgotten");
    await settles(root, "liveCaches", 0, "after garbage collection", collectGarbage);
  }),

  scenario("cacheable_twice", "the same Cacheable twice in one message", async (peer) => {
    const root = await peer.root();
    const [one, two] = await root.callRemote("getStockTwice");
    same(instance(two, RemoteStock), one, "the two of one message");
    equal(await root.callRemote("setPrice", 20), [20]);
    equal(one.price, 20);
    const again = await root.callRemote("getStockTwice");
    for (const each of again) same(each, one, "twice in a later message");
    one.release();
    equal(await root.callRemote("setPrice", 21), [21], "one of them given back");
    one.releaseAll();
    await settles(root, "liveCaches", 0, "after release");
    equal(await root.callRemote("stockInfo"), { observers: 0, stopped: 1 }, "stockInfo");
  }),

  scenario("cacheable_disconnect", "losing the connection stops the observing", async (peer) => {
    const connection = await peer.connect();
    const stock = instance(await connection.root.callRemote("getStock"), RemoteStock);
    await connection.root.callRemote("setPrice", 30);
    equal(stock.price, 30);
    await connection.close();
    equal(stock.price, 30, "the cache keeps its last state");
    equal(connection.inspect().cachesHeld, [], "caches held");
    stock.release();
  }),

  scenario("cacheable_to_server", "a Cacheable of the client", async (peer) => {
    const connection = await peer.connect();
    const { root } = connection;
    const mine = new Stock("MINE", 100);
    equal(await root.callRemote("kind", mine), "RemoteStock", "kind");
    await until(() => mine.stopped === 1, "what kind received is not given back");
    equal(await root.callRemote("holdStock", mine), tuple("MINE", 100), "holdStock");
    const [observer] = mine.observers;
    if (observer === undefined) throw new Error("nobody observes");
    equal(mine.observers.size, 1, "observers");
    equal(await mine.setPrice(101), [101], "answer of observe_price");
    equal(await root.callRemote("heldPrice"), 101, "heldPrice");
    equal(await root.callRemote("heldSeen"), [101], "heldSeen");
    same(await root.callRemote("giveBackHeld"), mine, "my own Cacheable");
    const error = instance(await failureOf(observer.callRemote("fail")), RemoteError);
    remoteError(error, "twisted.spread.pb.Error", "the cache refuses");
    await root.callRemote("dropHeld");
    await until(() => mine.stopped === 2, "stoppedObserving is not called");
    equal(mine.observers.size, 0, "observers after dropHeld");
    equal(connection.inspect().cachesGiven, [], "caches given");
    instance(await failureOf(observer.callRemote("price", 102)), DeadReferenceError);
  }),
];

async function receiveAndForget(root: RemoteReference): Promise<void> {
  instance(await root.callRemote("getStock"), RemoteStock);
}
