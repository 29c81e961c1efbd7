// Answers that are asked for when their calls have ended: they say what they would have said in time.
import { expect, it } from "vitest";
import { listen, Root } from "../../src/index.ts";
import { frameClient, text } from "../support/frame-peer.ts";

class One extends Root {
  remote_one(): number {
    return 1;
  }
  remote_no(): never {
    throw new TypeError("no");
  }
}

const [CALL, FAILURE, PULL] = [0x13, 0x15, 0x1a];
const [ANSWER, KEEP, BY_NAME, THROUGH] = [0x01, 0x02, 0x20, 0x60];
const [NOT_RUN, DEPENDENCY] = [0x01, 0x02];

it.each([
  ["one", "perspective_broker.NotAReference", NOT_RUN],
  ["no", "builtins.TypeError", NOT_RUN | DEPENDENCY],
])("a call through the result of %s that was not run", async (method, type, flags) => {
  await using server = await listen(new One(), `memory://pull-${method}`, { log: () => {} });
  const peer = await frameClient(server);
  peer.greets();
  peer.says(CALL, KEEP | BY_NAME, 1, 0, ...text("root"), 0, ...text(method), 0);
  peer.says(CALL, KEEP | THROUGH, 2, 1, 0, ...text("any"), 0);
  peer.says(CALL, ANSWER | BY_NAME, 3, 0, ...text("root"), 0, ...text("one"), 0);
  await peer.hears(0x14); // so the others have ended
  peer.says(PULL, 2);
  const failure = await peer.hears(FAILURE);
  expect([...failure.subarray(0, 2)]).toEqual([flags, 2]);
  expect([...failure.subarray(2, 2 + text(type).length)]).toEqual(text(type));
});
