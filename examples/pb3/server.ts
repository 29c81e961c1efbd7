// The server calls the client: an object that a client passes arrives as a reference, which works as any other.
import { listen, type RemoteReference, Root } from "perspective-broker";
import type { Two } from "./client.ts";

export class One extends Root {
  async remote_takeTwo(two: RemoteReference<Two>) {
    console.log("received a Two, telling it to print 12");
    await two.callRemote("print", 12); // the client is still waiting for our answer: calls may cross
    two.release(); // it is not needed any more; kept in a field, it would stay good as long as the connection
  }
}

const server = await listen(new One(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
