// The chat: three terminals in both languages with a server in either, and what all of them print.
import { describe, expect, it } from "vitest";
import { pythons } from "../../packages/perspective-broker/test/support/python.ts";
import { type Program, startPython, startTypeScript } from "./support/program.ts";

const available = pythons();
const [forServers] = available;
const forClients = available.at(-1);

const passwords = { alice: "looking-glass", bob: "snark", carol: "jabberwock" };
type Name = keyof typeof passwords;

type Start = (port: string, name: Name) => Program;
const typescript: Start = (port, name) => startTypeScript("chat/client", port, name, passwords[name]);
const byMD5: Start = (port, name) => startTypeScript("chat/client", port, name, passwords[name], "md5");
const twisted: Start = (port, name) => startPython(forClients!.path, "chat/client", port, name, passwords[name]);

describe("the chat", { timeout: 30_000 }, () => {
  it("goes on between three terminals", async () => {
    await chat(startTypeScript("chat/server", "0"), [typescript, typescript, typescript]);
  });

  it("refuses a wrong password, and says so", async () => {
    const server = startTypeScript("chat/server", "0");
    const port = await server.port();
    const clients = [startTypeScript("chat/client", port, "alice", "wonderland")];
    if (forClients) clients.push(startPython(forClients.path, "chat/client", port, "alice", "wonderland"));
    for (const client of clients) {
      expect(await client.ended).toEqual({ code: 1, stdout: "* wrong name or password\n", stderr: "" });
    }
    expect((await server.stop()).stdout).toMatch(/^READY .*\n$/);
  });

  it("tells who is there that the server has gone", async () => {
    const server = startTypeScript("chat/server", "0");
    const port = await server.port();
    const alice = typescript(port, "alice");
    await alice.printed(/^\* nobody else is here$/m);
    const clients = [alice];
    if (forClients) {
      clients.push(twisted(port, "bob"));
      await alice.printed(/^\* bob has come$/m);
      await clients[1]?.printed(/^\* with you: alice$/m);
    }
    await server.stop();
    for (const client of clients) {
      const { code, stdout, stderr } = await client.ended;
      expect(stderr).toBe("");
      expect(stdout).toMatch(/\n\* the server has gone\n$/);
      expect(code).toBe(1);
    }
  });

  describe.runIf(forServers)(`with Twisted ${available.map(({ version }) => version).join(" and ")}`, () => {
    it("goes on with one of the terminals on Twisted", async () => {
      await chat(startTypeScript("chat/server", "0"), [typescript, typescript, twisted]);
    });

    it("goes on with all but one on Twisted", async () => {
      await chat(startTypeScript("chat/server", "0"), [twisted, twisted, typescript]);
    });

    it("goes on with a server on Twisted", async () => {
      await chat(startPython(forServers!.path, "chat/server", "0"), [byMD5, byMD5, twisted]);
    });
  });
});

/** Three terminals talk; the third is killed and comes again, the second leaves the group, and then the chat. */
async function chat(server: Program, [startAlice, startBob, startCarol]: [Start, Start, Start]): Promise<void> {
  const port = await server.port();
  const alice = startAlice(port, "alice");
  await alice.printed(/^\* nobody else is here$/m);
  const bob = startBob(port, "bob");
  await bob.printed(/^\* with you: alice$/m);
  const carol = startCarol(port, "carol");
  await carol.printed(/^\* with you: alice, bob$/m);
  await alice.printed(/^\* carol has come$/m);

  alice.type("hello, both of you");
  await all([bob, carol], /^alice: hello, both of you$/m);
  carol.type("hello, alice \x1b[2J");
  await all([alice, bob], /^carol: hello, alice \[2J$/m);
  bob.type("/help");
  await bob.printed(/^\* there are[\s\S]*^\* there are/m);

  carol.stop("SIGKILL");
  await all([alice, bob], /^\* carol has gone$/m);
  alice.type("is anybody here?");
  await bob.printed(/^alice: is anybody here\?$/m);

  const again = startCarol(port, "carol");
  await again.printed(/^\* with you: alice, bob$/m);
  await all([alice, bob], /^\* carol has come$(?=[\s\S]*^\* carol has come$)/m);
  again.type("I am back");
  await all([alice, bob], /^carol: I am back$/m);

  bob.type("/join tea");
  await bob.printed(/^\* this is tea\n\* nobody else is here$/m);
  await all([alice, again], /^\* bob has gone$/m);
  alice.type("just us two");
  await again.printed(/^alice: just us two$/m);
  alice.type("/who");
  await alice.printed(/^\* with you: carol$/m);
  bob.type("/quit");
  await bob.ended;
  await server.printed(/^bob has logged out$/m);
  again.endInput();
  await alice.printed(/^\* carol has gone$(?=[\s\S]*^\* carol has gone$)/m);
  await again.ended;
  alice.endInput();
  await server.printed(/^alice has logged out$/m);

  await prints(
    alice,
    `\
* there are /join GROUP, /who and /quit
* this is lobby
* nobody else is here
* bob has come
* carol has come
carol: hello, alice [2J
* carol has gone
* carol has come
carol: I am back
* bob has gone
* with you: carol
* carol has gone
`,
  );
  await prints(
    bob,
    `\
* there are /join GROUP, /who and /quit
* this is lobby
* with you: alice
* carol has come
alice: hello, both of you
carol: hello, alice [2J
* there are /join GROUP, /who and /quit
* carol has gone
alice: is anybody here?
* carol has come
carol: I am back
* this is tea
* nobody else is here
`,
  );
  await prints(
    carol,
    "* there are /join GROUP, /who and /quit\n* this is lobby\n* with you: alice, bob\nalice: hello, both of you\n",
    null,
  );
  await prints(
    again,
    "* there are /join GROUP, /who and /quit\n* this is lobby\n* with you: alice, bob\n* bob has gone\nalice: just us two\n",
  );

  const { stdout, stderr } = await server.stop();
  expect(stderr).toBe("");
  expect(stdout.replace(/^READY .*\n/, "")).toBe(`\
alice has logged in
bob has logged in
carol has logged in
carol has logged out
carol has logged in
bob has logged out
carol has logged out
alice has logged out
`);
}

async function prints(terminal: Program, expected: string, code: number | null = 0): Promise<void> {
  expect(await terminal.ended).toEqual({ code, stdout: expected, stderr: "" });
}

async function all(programs: readonly Program[], pattern: RegExp): Promise<void> {
  await Promise.all(programs.map((program) => program.printed(pattern)));
}
