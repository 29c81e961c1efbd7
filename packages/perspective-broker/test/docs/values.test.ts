// The values table of the guide: each row is sent to Twisted, which says what it has and sends it back.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.ts";
import { ends } from "../support/ends.ts";
import { pythons } from "../support/python.ts";
import { pageAt, tableBelow } from "./pages.ts";
import { freePort, started } from "./processes.ts";

const rows = tableBelow(pageAt("docs/guide/values.md"), "The table").map((row) =>
  row.map((cell) => cell.replace(/^`(.*)`$/, "$1")),
) as [sent: string, own: string, python: string, back: string][];
const only = tableBelow(pageAt("docs/guide/values.md"), "Only in pb7").map(([sent = ""]) =>
  sent.replace(/^`(.*)`$/, "$1"),
);

const program = (port: number): string => `
from twisted.internet import reactor
from twisted.spread import pb

class Echo(pb.Root):
    def remote_repr(self, value):
        return repr(value)

    def remote_echo(self, value):
        return value

reactor.listenTCP(${port}, pb.PBServerFactory(Echo()), interface="127.0.0.1")
reactor.run()
`;

class Echo extends library.Root {
  remote_echo(value: unknown): unknown {
    return value;
  }
}

/** The value of an expression, with the public names in scope. */
function evaluated(expression: string): unknown {
  return new Function(...Object.keys(library), `return (${expression});`)(...Object.values(library));
}

describe("the table of values", () => {
  it.each(rows)("%s arrives in pb7 as %s, and in pb as Python would send it back", async (sent, own, _python, back) => {
    const { connection } = await ends(new Echo());
    expect(await connection.root.callRemote("echo", evaluated(sent))).toStrictEqual(evaluated(own));
    const twisted = await ends(new Echo(), { client: { dialects: [library.pb] } });
    expect(await twisted.connection.root.callRemote("echo", evaluated(sent))).toStrictEqual(evaluated(back));
  });

  it.each(only)("%s can be sent in pb7 only", async (sent) => {
    const { connection } = await ends(new Echo());
    expect(await connection.root.callRemote("echo", evaluated(sent))).toStrictEqual(evaluated(sent));
    const twisted = await ends(new Echo(), { client: { dialects: [library.pb] } });
    const refused = twisted.connection.root.callRemote("echo", evaluated(sent));
    await expect(refused).rejects.toMatchObject({ code: "UNSENDABLE" });
  });
});

const python = pythons()[0];

describe.skipIf(python === undefined)("the table of values, with Twisted", () => {
  const folder = mkdtempSync(join(tmpdir(), "pb-values-"));
  let server: { close(): Promise<void> };
  let connection: library.Connection;

  beforeAll(async () => {
    const port = await freePort();
    writeFileSync(join(folder, "echo.py"), program(port));
    server = await started(python?.path ?? "", ["echo.py"], folder, port);
    connection = await library.connect(`tcp://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    await connection?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(rows)("%s (in pb7 %s) is %s in Python, and back %s", async (sent, _own, inPython, back) => {
    expect(await connection.root.callRemote("repr", evaluated(sent))).toBe(inPython);
    expect(await connection.root.callRemote("echo", evaluated(sent))).toStrictEqual(evaluated(back));
  });
});
