// A client with an object of its own, which the server calls.
import { connect, Referenceable } from "perspective-broker";
import type { One } from "./server.ts";

export class Two extends Referenceable {
  remote_print(n: number) {
    console.log("Two.print was called with", n);
  }
}

await using connection = await connect<One>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("giving One our Two");
await connection.root.callRemote("takeTwo", new Two());
console.log("One has had its Two");
