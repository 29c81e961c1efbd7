// What the caller sees of an error over there: its dotted name, its bases and its message.
import { connect, PBError, RemoteError } from "perspective-broker";
import type { One } from "./server.ts";

await using connection = await connect<One>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);

for (const method of ["broken", "broken2"] as const) {
  try {
    await connection.root.callRemote(method);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error; // the connection, then, or this program
    console.log(`${method}: ${error.type}: ${error.message}`);
    // check() takes a dotted name or a class, and finds bases, too.
    console.log(error.check(PBError) ? "  an expected error" : "  an unexpected error");
    if (error.check("__main__.MyError")) console.log("  to be precise, a MyError");
  }
}
