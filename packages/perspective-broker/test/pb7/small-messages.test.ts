// Sides that read small messages only: pieces are messages, too.
import { expect, it } from "vitest";
import { Root } from "../../src/index.ts";
import { ends } from "../support/ends.ts";

class Measure extends Root {
  remote_length(bytes: Uint8Array): number {
    return bytes.length;
  }
  remote_bytes(length: number): Uint8Array {
    return new Uint8Array(length);
  }
}

const small = { limits: { message: 1000 } };

it.each([
  ["the receiver", { server: small }],
  ["the sender", { client: small }],
])("pieces are as small as %s has its messages", async (_whose, options) => {
  const { connection } = await ends<Measure>(new Measure(), options);
  expect(await connection.root.callRemote("length", new Uint8Array(200_000))).toBe(200_000);
  expect(await connection.root.callRemote("bytes", 200_000)).toHaveLength(200_000);
});
