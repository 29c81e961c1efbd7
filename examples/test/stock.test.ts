// The stock: several holders in both languages with a server in either, and what all of them print.
import { describe, expect, it } from "vitest";
import { pythons } from "../../packages/perspective-broker/test/support/python.ts";
import { type Program, startPython, startTypeScript } from "./support/program.ts";

const available = pythons();
const [forServers] = available;
const forClients = available.at(-1);

type Start = (port: string) => Program;
const typescript: Start = (port) => startTypeScript("stock/client", port);
const twisted: Start = (port) => startPython(forClients!.path, "stock/client", port);

describe("the stock", { timeout: 30_000 }, () => {
  it("changes at every holder, and forgets those that leave", async () => {
    await trade(startTypeScript("stock/server", "0"), [typescript, typescript, typescript]);
  });

  describe.runIf(forServers)(`with Twisted ${available.map(({ version }) => version).join(" and ")}`, () => {
    it("does so with a holder on Twisted", async () => {
      await trade(startTypeScript("stock/server", "0"), [typescript, twisted, typescript]);
      await trade(startTypeScript("stock/server", "0"), [twisted, typescript, twisted]);
    });

    it("does so with a server on Twisted", async () => {
      await trade(startPython(forServers!.path, "stock/server", "0"), [typescript, twisted, typescript]);
    });
  });

  it("lets its holders end when the server does", async () => {
    const server = startTypeScript("stock/server", "0");
    const port = await server.port();
    const holders = [typescript, ...(forClients ? [twisted] : [])].map((start) => start(port));
    await Promise.all(holders.map((holder) => holder.printed(/^ACME is 10/m)));
    await server.stop();
    for (const holder of holders) {
      const { code, stdout, stderr } = await holder.ended;
      expect(stderr).toBe("");
      expect(stdout).toMatch(/\nthe highest was 10\n$/);
      expect(code).toBe(0);
    }
  });
});

/** Three holders; the second leaves, and the third is killed. */
async function trade(server: Program, starts: [Start, Start, Start]): Promise<void> {
  const port = await server.port();
  const holders = starts.map((start) => start(port));
  const [first, second, third] = holders as [Program, Program, Program];
  await all(holders, /^ACME is 10/m);

  first.type("12");
  await all(holders, /^ACME: price 12\n/m);
  third.type("11");
  await all(holders, /^ACME: price 11\n/m);

  second.endInput();
  await server.printed(/there are 2\n/m);
  first.type("13");
  await all([first, third], /^ACME: price 13\n/m);

  third.stop("SIGKILL");
  await server.printed(/there are 1\n/m);
  first.type("9");
  await all([first], /^ACME: price 9\n/m);
  first.endInput();
  await server.printed(/there are 0\n/m);

  const begin = "ACME is 10; type another price, or end the input\nACME: price 12\nACME: price 11\n";
  expect(await first.ended).toEqual({
    code: 0,
    stdout: `${begin}ACME: price 13\nACME: price 9\nthe highest was 13\n`,
    stderr: "",
  });
  expect(await second.ended).toEqual({ code: 0, stdout: `${begin}the highest was 12\n`, stderr: "" });
  expect(await third.ended).toEqual({ code: null, stdout: `${begin}ACME: price 13\n`, stderr: "" });

  const { stdout, stderr } = await server.stop();
  expect(stderr).toBe("");
  expect(stdout.replace(/^READY .*\n/, "")).toBe(`\
ACME is 12
ACME is 11
a holder has gone, there are 2
ACME is 13
a holder has gone, there are 1
ACME is 9
a holder has gone, there are 0
`);
}

async function all(programs: readonly Program[], pattern: RegExp): Promise<void> {
  await Promise.all(programs.map((program) => program.printed(pattern)));
}
