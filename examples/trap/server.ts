// The other end of the four calls: a method that may raise an expected error, and one that ends this program.
import { listen, PBError, Root } from "perspective-broker";

class MyException extends PBError {
  static override wireName = "__main__.MyException"; // what Twisted calls a class of the program that was started
}

export class One extends Root {
  remote_fooMethod(arg: unknown) {
    if (arg === "panic!") throw new MyException("do not panic");
    return "response";
  }

  remote_shutdown() {
    console.log("shutting down");
    setImmediate(() => server.close()); // after the answer, if one is wanted
  }
}

const server = await listen(new One(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
