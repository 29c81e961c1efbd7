// Every example with real Twisted at the other end, both ways round: nobody can tell which language the other end is in.
// Where there are two Twisteds the servers run on the newest and the clients on the system's.
import { describe, expect, it } from "vitest";
import { pythons } from "../../packages/perspective-broker/test/support/python.ts";
import { converse } from "./support/converse.ts";
import { examples } from "./support/expected.ts";
import { type Program, startPython, startTypeScript } from "./support/program.ts";

const available = pythons();
const [forServers] = available;
const forClients = available.at(-1);

describe.runIf(forServers)(`an example with Twisted ${available.map(({ version }) => version).join(" and ")}`, () => {
  const startTwistedServer = (name: string) => startPython(forServers!.path, `${name}/server`, "0");
  const startTwistedClient = (name: string, ports: string[]) =>
    startPython(forClients!.path, `${name}/client`, ...ports);

  for (const example of examples) {
    const { name } = example;

    // Both at the same time: starting the programs is what takes the time.
    it(`${name}: a client in TypeScript with a server on Twisted, and the other way round`, async () => {
      const { onTwisted: { args = [], logged } = {}, pythonClient } = example;
      await Promise.all([
        converse(
          example,
          startTwistedServer(name),
          (port) => startTypeScript(`${name}/client`, port, ...args),
          logged && { logged },
        ),
        converse(
          example,
          startTypeScript(`${name}/server`, "0"),
          (port) => startTwistedClient(name, [port]),
          pythonClient === undefined ? {} : { clientPrints: pythonClient },
        ),
      ]);
    });
  }

  it("calculator: clients in both languages with servers in both", async () => {
    const servers = [startTwistedServer("calculator"), startTypeScript("calculator/server", "0")];
    const ports = await Promise.all(servers.map((server) => server.port()));
    const [typescript, twisted] = await Promise.all([
      calculation(startTypeScript("calculator/client", ...ports), ports),
      calculation(startTwistedClient("calculator", ports), ports),
    ]);
    expect(typescript).toContain("\nTotal: 73810, in ");
    expect(twisted).toContain("\nTotal: 73810\n");
    for (const server of servers) expect((await server.stop()).stderr).toBe("");
  });
});

/** What a client of the calculators prints; each of them must have had a share. */
async function calculation(client: Program, ports: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await client.ended;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toContain("  60 of 60\n");
  for (const port of ports) expect(stdout).toMatch(new RegExp(`:${port} +[1-9]`));
  return stdout;
}
