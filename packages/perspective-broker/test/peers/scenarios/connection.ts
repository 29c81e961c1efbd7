// The end of a connection, as both sides see it.
import { type CloseReason, ConnectionLost, DeadReferenceError } from "perspective-broker";
import { equal, failureOf, holds, instance, same, settles } from "./checks.ts";
import { ClientTwo } from "./client-two.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const connections: readonly Scenario[] = [
  scenario(
    "notify_on_disconnect",
    "onDisconnect, a listener taken back, and DeadReferenceError afterwards",
    async (peer) => {
      const connection = await peer.connect();
      const two = await connection.root.callRemote("getTwo");
      const told: (CloseReason | string)[] = [];
      two.onDisconnect(() => told.push("unwanted"))[Symbol.dispose]();
      two.onDisconnect((reason: CloseReason) => told.push(reason));
      await connection.close();
      equal(
        told.map((reason) => (typeof reason === "string" ? reason : reason.code)),
        ["CLOSED"],
        "who was told",
      );
      // Through the promise: callRemote itself must not throw.
      const call: Promise<unknown> = two.callRemote("three", 1);
      equal(instance(await failureOf(call), DeadReferenceError).executed, "no", "executed");
    },
  ),

  scenario("connection_lost", "the server closes: the waiting call fails with ConnectionLost", async (peer) => {
    const connection = await peer.connect();
    const error = instance(await failureOf(connection.root.callRemote("hangup")), ConnectionLost);
    equal(error.executed, "unknown", "executed");
    // In order or by a reset: the interface leaves that open.
    holds(["PEER_CLOSED", "TRANSPORT_FAILED"].includes(error.reason.code), `reason: got ${error.reason.code}`);
    same(await connection.closed, error.reason, "the reason of `closed`");
    instance(await failureOf(connection.root.callRemote("echo", 1)), DeadReferenceError);
  }),

  scenario("server_notices", "the server notices that a client is gone", async (peer) => {
    const connection = await peer.connect();
    const before = await connection.root.callRemote("disconnectsSeen");
    equal(await connection.root.callRemote("watchMe", new ClientTwo()), true, "watchMe");
    const other = await peer.root();
    equal(await other.callRemote("disconnectsSeen"), before, "while the first client is there");
    await connection.close();
    await settles(other, "disconnectsSeen", before + 1, "after the first client went");
  }),
];
