// Four calls and their four outcomes, told apart by one try/catch: a result, an argument that must not be sent, an error of
// the other side, a reference that has died. Whatever goes wrong comes through the promise; callRemote itself never throws.
import {
  connect,
  DeadReferenceError,
  InsecureJelly,
  PBError,
  RemoteError,
  registerError,
  UnsendableError,
} from "perspective-broker";
import type { One } from "./server.ts";

/** Registered, an error of that name arrives as an instance of this class and not as a RemoteError. */
class MyException extends PBError {
  static override wireName = "__main__.MyException";
}
registerError(MyException);

/** Neither plain data nor Referenceable: nobody has said that it may leave this program. */
class ScaryObject {
  secret = "swordfish";
}

await using connection = await connect<One>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
const one = connection.root;

await doCall("callOne: a safe argument", "safe string");
await doCall("callTwo: a dangerous argument", new ScaryObject());
await doCall("callThree: an error over there", "panic!");

console.log("telling them to shut down");
one.callRemoteOnly("shutdown"); // without asking for an answer: who shuts down may not give one
await connection.closed;
await doCall("callFour: a stale reference", "dummy");

async function doCall(explanation: string, arg: unknown) {
  console.log(explanation);
  try {
    console.log("  it worked:", await one.callRemote("fooMethod", arg));
  } catch (error) {
    if (error instanceof UnsendableError) {
      console.log("  refused here: this must not be sent"); // and nothing was
    } else if (error instanceof RemoteError && error.check(InsecureJelly)) {
      console.log("  refused there: a class that they do not know");
    } else if (error instanceof MyException) {
      console.log("  they raised a MyException");
    } else if (error instanceof DeadReferenceError) {
      console.log("  a stale reference: they have gone");
    } else {
      console.log("  something else happened:", error);
    }
  }
}
