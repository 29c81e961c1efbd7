// A reference to an object that the server never gave out. The library makes no such thing, so it is made on the way: a
// transport of our own puts a number in the place of a name that is called.
import { connect as dial } from "node:net";
import { connect, memoryPair, type RemoteReference } from "perspective-broker";
import type { Peer } from "./scenario.ts";

const NAME = "an-object-to-be-replaced";

/** `ghost` calls the object of that number; `root` goes over the same connection. */
export async function withUnknownObject(
  peer: Peer,
  id: number,
): Promise<{ ghost: RemoteReference; root: RemoteReference }> {
  const [near, far] = memoryPair();
  const socket = dial(peer.address.port, peer.address.host);
  socket.on("data", (chunk) => far.write(chunk));
  socket.on("close", () => far.close());
  socket.on("error", () => far.abort());
  far.start({
    data: (chunk) => socket.write(replaced(chunk, byteString(NAME), integer(id))),
    drain: () => {},
    closed: () => socket.end(),
  });
  const connection = await connect(near);
  peer.adopt(connection);
  return { ghost: connection.object(NAME), root: connection.root };
}

/** Messages of a few bytes leave in one chunk, so nothing need be put together here. */
function replaced(chunk: Uint8Array, what: Buffer, by: Buffer): Uint8Array {
  const at = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).indexOf(what);
  if (at < 0) return chunk;
  return Buffer.concat([chunk.subarray(0, at), by, chunk.subarray(at + what.length)]);
}

/** Banana's byte string: its length, 0x82, the bytes. */
function byteString(text: string): Buffer {
  return Buffer.concat([digits(text.length), Buffer.from([0x82]), Buffer.from(text)]);
}

/** Banana's integer: its digits, 0x81. */
function integer(value: number): Buffer {
  return Buffer.concat([digits(value), Buffer.from([0x81])]);
}

/** Base 128, the lowest digit first. */
function digits(value: number): Buffer {
  const found: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 128)) found.push(rest % 128);
  return Buffer.from(found);
}
