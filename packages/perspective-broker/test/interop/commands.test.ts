// The two commands, as somebody calls them who tests another implementation against ours.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsernamePassword } from "perspective-broker";
import { expect, it, onTestFinished } from "vitest";
import { ourClient } from "./in-process.ts";
import { finished, ours, peerFile, serving } from "./programs.ts";

const workspace = fileURLToPath(new URL("../../../..", import.meta.url));

it("npm run -s peer:server prints READY and nothing else, serves both ports, and ends with npm", async () => {
  const npm = spawn("npm", ["run", "-s", "peer:server"], { cwd: workspace, stdio: "pipe", detached: true });
  onTestFinished(() => killGroup(npm.pid as number));
  let printed = "";
  const line = new Promise<void>((resolve, reject) => {
    npm.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      if (printed.includes("\n")) resolve();
    });
    npm.on("exit", () => reject(new Error(`ended without READY: ${printed}`)));
  });
  await line;
  const [, port, port2] = /^READY (\d+) (\d+)\n$/.exec(printed) ?? [];
  const connection = await ourClient(Number(port));
  expect(await connection.root.callRemote("echo", "there")).toBe("there");
  const portal = await ourClient(Number(port2));
  const alice = await portal.login(new UsernamePassword("alice", "secret"));
  expect(await alice.callRemote("whoami")).toEqual(new TextEncoder().encode("alice"));
  // Whoever ends npm ends the server, too: its standard output is the same, and is at its end when all of them are gone.
  npm.kill("SIGTERM");
  await new Promise((resolve) => npm.stdout.on("end", resolve));
  expect((await connection.closed).code).toMatch(/^(PEER_CLOSED|TRANSPORT_FAILED)$/);
}, 60_000);

it("npm run -s peer:client --list has a line for each scenario", () => {
  const { stdout, status } = spawnSync("npm", ["run", "-s", "peer:client", "--", "--list"], {
    cwd: workspace,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const names = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(": ")[0]);
  expect(names).toHaveLength(58);
  const readme = readFileSync(peerFile("README.md"), "utf8");
  const described = [...readme.slice(readme.indexOf("## Scenarios")).matchAll(/^\| ([a-z_]+) \|/gm)].map(
    (row) => row[1],
  );
  expect(described.slice(1)).toEqual(names);
}, 60_000);

it("the client runs what --only names, and ends with status 1 when something fails", async () => {
  const server = await serving(ours("server.ts"));
  onTestFinished(() => server.stop());
  const only = (port: number, names: string) =>
    finished(ours("client.ts", "--port", String(port), "--port2", String(server.port2), "--only", names), 60);
  const good = await only(server.port, "echo_none,oneway");
  expect(good).toMatchObject({ code: 0, stdout: "ok echo_none\nok oneway\n2 passed, 0 failed\n" });
  // The second port has a Portal, which has none of these methods.
  const bad = await only(server.port2, "echo_none,no_such_method");
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^FAIL echo_none: RemoteError: .*echo\nok no_such_method\n1 passed, 1 failed\n$/);
}, 60_000);

it("the client says what is wrong with its arguments, with status 2", async () => {
  const unknown = await finished(ours("client.ts", "--port", "1", "--only", "echo_none,nosuch"), 60);
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain("there is no scenario nosuch");
  expect(await finished(ours("client.ts"), 60)).toMatchObject({ code: 2, stdout: "" });
}, 60_000);

/** The shell and what it started, as far as it is still there. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
