// Calls without answers, and answers out of order.
import { equal } from "./checks.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const calls: readonly Scenario[] = [
  scenario("oneway", "callRemoteOnly: no answer, no error, but the call happens", async (peer) => {
    const connection = await peer.connect();
    const { root } = connection;
    equal(root.callRemoteOnly("poke", 1), undefined, "what comes back");
    root.callRemoteOnly("pokeAndFail", 2);
    root.callRemoteOnly("nosuch");
    root.callRemoteOnly("poke", 3);
    equal(await root.callRemote("getPokes"), [1, 2, 3]);
    equal(connection.inspect().awaited, 0, "calls that wait for an answer");
  }),

  scenario("out_of_order", "answers may come in another order than the questions", async (peer) => {
    const root = await peer.root();
    const order: unknown[] = [];
    await Promise.all([
      root.callRemote("later", 0.1, "slow").then((answer) => order.push(answer)),
      root.callRemote("echo", "fast").then((answer) => order.push(answer)),
    ]);
    equal(order, ["fast", "slow"]);
  }),
];
