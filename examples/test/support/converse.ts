// One example: a server, a client, and what both of them printed.
import { expect } from "vitest";
import type { Expected } from "./expected.ts";
import type { Program } from "./program.ts";

/** Runs a client against the server and compares everything that is printed. */
export async function converse(
  example: Expected,
  server: Program,
  startClient: (port: string) => Program,
  { clientPrints = example.client, logged = example.logged }: { clientPrints?: string; logged?: RegExp } = {},
): Promise<void> {
  const client = await startClient(await server.port()).ended;
  expect(client.stderr).toBe("");
  expect(client.stdout).toBe(clientPrints);
  expect(client.code).toBe(0);

  const end = example.serverEnds ? await server.ended : await server.stop();
  expect(end.stdout.replace(/^READY .*\n/, "")).toBe(example.server);
  if (example.serverEnds) expect(end.code).toBe(0);
  if (logged) expect(end.stderr).toMatch(logged);
  else expect(end.stderr).toBe("");
  if (example.notLogged) expect(end.stderr).not.toMatch(example.notLogged);
}
