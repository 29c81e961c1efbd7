// A peer that gives back more than it has.
import { expect, it } from "vitest";
import { Referenceable } from "../../src/index.ts";
import { frameServer, text, varint } from "../support/frame-peer.ts";

class Own extends Referenceable {
  remote_here(): boolean {
    return true;
  }
}

const [CALL, ANSWER, RELEASE] = [0x13, 0x14, 0x16];

it("costs no time by giving back what is kept for a call only", async () => {
  const { peer, connecting } = await frameServer();
  peer.greets();
  const connection = await connecting;
  const kept = connection.root.callRemote("keep", new Own());
  await peer.hears(CALL);
  peer.says(RELEASE, 1, ...varint(Number.MAX_SAFE_INTEGER));
  // The object is there as long as the call that carried it is not answered.
  peer.says(CALL, 1, 1, 1, 0, ...text("here"), 0);
  expect([...(await peer.hears(ANSWER))]).toEqual([0, 1, 3]);
  peer.says(ANSWER, 0, 1, 0x80);
  expect(await kept).toBe(0);
  expect(connection.inspect().exports).toEqual([]);
  await connection.close();
});
