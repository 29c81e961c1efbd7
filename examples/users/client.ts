// Logs in as a guest, with a wrong password, and as a user; on one connection, because each login has an avatar of its own.
import {
  Anonymous,
  connect,
  RemoteError,
  type RemoteReference,
  UnauthorizedLogin,
  UsernamePassword,
} from "perspective-broker";
import type { Guest, Member } from "./server.ts";

const [port = "8800", md5] = process.argv.slice(2);
// A server on Twisted has nothing better than MD5, which proves nothing about the server; so we have to say that we want it.
const options = md5 === "md5" ? ({ allowMD5: "only" } as const) : {};

await using connection = await connect(`tcp://127.0.0.1:${port}`);

const guest = await connection.login<Guest>(new Anonymous());
console.log("a guest reads:", (await guest.callRemote("read")).join(", "));
try {
  await (guest as RemoteReference).callRemote("write", "me too"); // not in the types, and not over there
} catch (error) {
  if (!(error instanceof RemoteError && error.check("builtins.AttributeError"))) throw error;
  console.log("a guest cannot write");
}
guest.release(); // logs out

try {
  await connection.login(new UsernamePassword("alice", "wonderland"), options);
} catch (error) {
  if (!(error instanceof UnauthorizedLogin)) throw error; // the same for a wrong password and for an unknown user
  console.log("a wrong password is refused");
}

using alice = await connection.login<Member>(new UsernamePassword("alice", "looking-glass"), options);
await alice.callRemote("write", "I was here");
console.log("alice reads:", (await alice.callRemote("read")).join(", "));
