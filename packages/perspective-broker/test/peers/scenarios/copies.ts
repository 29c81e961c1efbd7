// Copies in both directions, with their identity inside of one message.
import { Made, MadeHere, Point, Tagged } from "../wire-copies.ts";
import { equal, holds, instance, same } from "./checks.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const copies: readonly Scenario[] = [
  scenario("copyable_from_server", "a Copyable of the server", async (peer) => {
    const root = await peer.root();
    const point = await root.callRemote("getPoint", 3, 4);
    equal(point, new Point(3, 4));
    holds((await root.callRemote("getPoint", 3, 4)) !== point, "each transmission makes a new copy");
  }),

  scenario("copyable_to_server", "a Copyable of the client", async (peer) => {
    const root = await peer.root();
    equal(await root.callRemote("sumPoint", new Point(20, 22)), 42, "sumPoint");
    equal(await root.callRemote("kind", new Point()), "Point", "kind");
    const mine = new Point(1, 2);
    const back = await root.callRemote("echo", mine);
    equal(back, mine, "echo");
    holds(back !== mine, "what comes back is a copy");
  }),

  scenario("copyable_circular", "two Copyables that refer to each other, under a tag without a dot", async (peer) => {
    const root = await peer.root();
    const a = instance(await root.callRemote("getTagged"), Tagged);
    const b = instance(a.friend, Tagged);
    same(b.friend, a, "the friend's friend");
    equal([a.label, b.label], ["a", "b"], "labels");
    equal(await root.callRemote("checkTagged", a), true, "checkTagged");
    const point = new Point(1, 1);
    const twice = await root.callRemote("echo", [point, point]);
    equal(twice, [point, point], "twice in one message");
    same(twice[1], twice[0], "identity of a copy");
    const self = new Tagged("narcissus");
    self.friend = self;
    same((await root.callRemote("echo", self)).friend.label, "narcissus", "one that refers to itself");
  }),

  scenario("copyable_factory", "a Copyable received through a factory", async (peer) => {
    const root = await peer.root();
    equal(await root.callRemote("getMade", 5), new MadeHere({ n: 5 }));
    equal(await root.callRemote("takeMade", new Made(6)), { n: 6 }, "takeMade");
  }),
];
