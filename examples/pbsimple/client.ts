// The smallest client: connect, call, print. `await using` closes the connection at the end.
import { connect } from "perspective-broker";
import type { Echoer } from "./server.ts"; // the type alone: names, arguments and results are checked and completed

await using connection = await connect<Echoer>(`tcp://127.0.0.1:${process.argv[2] ?? 8789}`);
const answer = await connection.root.callRemote("echo", "hello network");
console.log("server echoed:", answer);
