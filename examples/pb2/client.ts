// Gets an object and gives it back. The server may be a Python program, of which TypeScript knows nothing: two interfaces
// say what it offers, and calls are checked and completed all the same. Types are a promise here, not a check at run time.
import { connect, type RemoteReference } from "perspective-broker";

interface Two {
  remote_print(text: string): null;
}

interface One {
  remote_getTwo(): RemoteReference<Two>;
  remote_checkTwo(two: RemoteReference<Two>): boolean;
}

await using connection = await connect<One>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
const one = connection.root;

console.log("asking One for its Two");
using two = await one.callRemote("getTwo");

console.log("giving it back");
const same = await one.callRemote("checkTwo", two);
console.log(same ? "One says: the same" : "One says: another");

// The same object received again is the same reference, too.
using again = await one.callRemote("getTwo");
console.log(again === two ? "and here it is the same" : "and here it is another");
