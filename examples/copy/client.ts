// Sends copies: a pond that becomes something else over there, a frog that comes back, and one that nobody knows.
import { connect, InsecureJelly, RemoteError } from "perspective-broker";
import { CopyPond, Frog, Puddle } from "./ponds.ts";
import type { Receiver } from "./server.ts";

await using connection = await connect<Receiver>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
const receiver = connection.root;

const pond = new CopyPond("green", 3, 2);
console.log("they have received", await receiver.callRemote("takePond", pond));

const kermit = new Frog("Kermit");
const trained = await receiver.callRemote("train", kermit);
console.log("their frog:", trained.describe());
console.log("our frog:", kermit.describe());

// The types would not let it pass, but the types of a peer are only what it says.
const untyped = connection.object("root");
try {
  await untyped.callRemote("takePond", new Puddle());
} catch (error) {
  if (!(error instanceof RemoteError && error.check(InsecureJelly))) throw error;
  console.log("they do not know a Puddle");
}
