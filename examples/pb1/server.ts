// A method that returns an object: the client gets a reference to it and can call it in turn.
import { listen, Referenceable, Root } from "perspective-broker";

/** Referenceable: it stays here, whoever it is given to gets a reference. */
export class Two extends Referenceable {
  remote_three(n: number) {
    console.log("Two.three was given", n);
    return n * 3;
  }
}

export class One extends Root {
  remote_getTwo() {
    console.log("returning a Two");
    return new Two(); // kept alive for as long as the client holds the reference
  }
}

const server = await listen(new One(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
