// The smallest server: one object with one method.
import { listen, Root } from "perspective-broker";

/** The root is what a client sees first. It can call the methods whose names begin with `remote_`, and no others. */
export class Echoer extends Root {
  remote_echo(text: string) {
    console.log("echoing:", text);
    return text;
  }
}

const server = await listen(new Echoer(), `tcp://127.0.0.1:${process.argv[2] ?? 8789}`);
console.log("READY", server.address);
