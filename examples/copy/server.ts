// Receives copies. What is done to a copy is not done to the original.
import { listen, Root } from "perspective-broker";
import type { Frog, ReceiverPond } from "./ponds.ts";
import "./ponds.ts"; // registers the classes

export class Receiver extends Root {
  remote_takePond(pond: ReceiverPond) {
    console.log("received", pond.describe());
    return pond.describe();
  }

  remote_train(frog: Frog) {
    console.log("received a frog:", frog.describe());
    for (let i = 0; i < 3; i++) frog.croak();
    return frog;
  }
}

const server = await listen(new Receiver(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
