// A stranger that has agreed on dialect `pb` with a server of ours, and what is usually asked of the two.
import { expect } from "vitest";
import type { CloseCode, Limits } from "../../../src/index.ts";
import { Echo } from "./echo.ts";
import { encode, type Sexp } from "./elements.ts";
import { type AtServer, anotherStranger, ending, isOpen, strangerAtServer } from "./stranger.ts";

/** No keywords. */
export const NONE: Sexp = ["dictionary"];
/** A call of the root's `echo`. */
export const call = (id: Sexp, ...args: Sexp[]): Sexp => ["message", id, "root", "echo", 1, ["tuple", ...args], NONE];

/** Both ends, ready for messages. */
export async function agreed(root = new Echo(), limits: Partial<Limits> = {}): Promise<AtServer & { root: Echo }> {
  const at = await strangerAtServer(root, { limits });
  await at.stranger.agree();
  return { ...at, root };
}

/** Type and text of the error answer to a call. */
export function errorTo(messages: readonly Sexp[], id: Sexp): { type: string; value: string } {
  const found = messages.find((message: any) => message[0] === "error" && message[1] === id) as any;
  if (found === undefined) throw new Error(`no error answer to ${id} among ${JSON.stringify(messages)}`);
  const [, ...pairs] = found[2][1];
  const get = (name: string) => pairs.find(([[, key]]: any) => key === name)[1];
  return { type: get("type"), value: get("value")[1] };
}

/** The server closes, and before that answers what was in order; other connections do not notice. */
export async function expectClosed(bytes: Uint8Array, code: CloseCode): Promise<void> {
  const { stranger, connection, server, logged } = await agreed();
  const neighbour = await anotherStranger(server);
  await neighbour.stranger.agree();
  await stranger.write(Buffer.concat([encode(call(1, 7)), bytes, encode(call(2, 8))]));
  const reason = await ending(connection);
  expect(reason.code, reason.message).toBe(code);
  expect(reason.error?.name).toBeTypeOf("string");
  expect(stranger.heard().filter((message: any) => message[0] === "answer")).toEqual([["answer", 1, 7]]);
  expect(stranger.ended).toBe(true);
  await neighbour.stranger.say(call(1, 9));
  expect(neighbour.stranger.heard()).toEqual([["answer", 1, 9]]);
  expect(logged.filter(({ level }) => level === "error")).toEqual([]);
}

/** The connection stays and goes on; returns what was said meanwhile. */
export async function expectOpen(...messages: Sexp[]): Promise<Sexp[]> {
  const { stranger, connection } = await agreed();
  await stranger.say(...messages);
  await stranger.say(call(99, 7));
  expect(await isOpen(connection)).toBe(true);
  const heard = stranger.heard();
  expect(heard.at(-1)).toEqual(["answer", 99, 7]);
  return heard.slice(0, -1);
}
