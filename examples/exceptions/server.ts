// Two kinds of errors. An expected one is part of what a method says to its caller. Anything else is a mistake in this
// program: the caller learns its name and message, and it is logged here, with its stack.
import { listen, PBError, Root } from "perspective-broker";

/** Expected. On the wire an error has a dotted name; in Python it is that of module and class. */
class MyError extends PBError {
  static override wireName = "__main__.MyError";
}

/** Not expected. Without a wireName the caller would see `builtins.Exception`. */
class MyError2 extends Error {
  static wireName = "__main__.MyError2";
}

export class One extends Root {
  remote_broken() {
    console.log("raising a MyError");
    throw new MyError("fall down go boom");
  }

  remote_broken2() {
    console.log("raising a MyError2");
    throw new MyError2("hadda owie");
  }
}

const server = await listen(new One(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
