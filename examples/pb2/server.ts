// An object that comes home: what the client got from here and gives back is the object itself, not a reference to it.
import { listen, Referenceable, type RemoteReference, Root } from "perspective-broker";

export class Two extends Referenceable {
  remote_print(text: string) {
    console.log("Two.print was given", text);
  }
}

export class One extends Root {
  #two = new Two();

  remote_getTwo() {
    console.log("One.getTwo: here is my Two");
    return this.#two;
  }

  /** A client could also give an object of its own: then it would be a reference, and another object. */
  remote_checkTwo(two: Two | RemoteReference<Two>) {
    const same = two === this.#two;
    console.log(same ? "One.checkTwo: our Twos are the same" : "One.checkTwo: this is not my Two");
    return same;
  }
}

const server = await listen(new One(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
