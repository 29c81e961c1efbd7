// Gets an object from the server and calls it.
import { connect } from "perspective-broker";
import type { One } from "./server.ts";

await using connection = await connect<One>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
const one = connection.root;

// A RemoteReference<Two>. `using` gives it back at the end, and the server can forget its Two.
using two = await one.callRemote("getTwo");
console.log("three(12) is", await two.callRemote("three", 12));

// A result can be called before it is there. This Two is given back as soon as it has answered.
console.log("three(14) is", await one.callRemote("getTwo").callRemote("three", 14));
