// perspective-broker-passwd, run as people run it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { passwd, type Terminal } from "../../src/cred/passwd-command.ts";
import { PasswordFile, Portal, UsernamePassword } from "../../src/index.ts";
import { Link, NotedRealm } from "./loopback.ts";

const script = fileURLToPath(new URL("../../bin/passwd.mjs", import.meta.url));
const source = ["--import", "tsx", "--conditions=perspective-broker:source", script];

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pb-passwd-"));
  file = join(folder, "passwords");
});
afterEach(() => rm(folder, { recursive: true }));

/** A terminal at which these passwords are typed. */
function typing(...passwords: string[]) {
  const said: string[] = [];
  const terminal: Terminal = {
    interactive: true,
    secret: async (prompt) => {
      said.push(prompt);
      return passwords.shift();
    },
    print: (text) => void said.push(text),
    complain: (text) => void said.push(text),
  };
  return { said, terminal };
}

const login = async (md5 = false) =>
  new Link(new Portal(new NotedRealm(), { checkers: [new PasswordFile(file, { md5 })], md5 })).login(
    new UsernamePassword("alice", "secret"),
    md5 ? { allowMD5: "only" } : {},
  );

describe("perspective-broker-passwd", () => {
  it("adds a user, with the password from a pipe", { timeout: 30_000 }, async () => {
    const run = spawnSync(process.execPath, [...source, "--iterations", "4096", "--md5", file, "alice"], {
      input: "secret\n",
      encoding: "utf8",
    });
    expect([run.status, run.stdout, run.stderr]).toEqual([0, "", ""]);
    await login();
    await login(true);
  });

  // Python gives the program a terminal of its own, and shows what appears on it.
  it.skipIf(!existsSync("/usr/bin/python3"))(
    "asks twice in a terminal, and does not show what is typed",
    { timeout: 30_000 },
    async () => {
      const typist = `
import os, pty, sys
seen = b""
def read(fd):
    global seen
    data = os.read(fd, 1024)
    before, seen = seen, seen + data
    for prompt in (b"alice: ", b"more: "):
        if prompt in seen and prompt not in before:
            os.write(fd, b"secret\\n")
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read, lambda fd: b"")))
`;
      const command = [process.execPath, ...source, "--iterations", "4096", file, "alice"];
      const child = spawn("/usr/bin/python3", ["-c", typist, ...command], { stdio: ["ignore", "pipe", "inherit"] });
      let shown = "";
      child.stdout.on("data", (data) => {
        shown += data;
      });
      const status = await new Promise((resolve) => child.on("close", resolve));
      expect(shown).not.toContain("secret");
      expect(shown.replaceAll("\r", "")).toBe("Password for alice: \nOnce more: \n");
      expect(status).toBe(0);
      await login();
    },
  );

  it("changes nothing when the two passwords differ, or there is none", async () => {
    for (const passwords of [["secret", "secert"], [""], []]) {
      const { said, terminal } = typing(...passwords);
      expect(await passwd([file, "alice"], terminal)).toBe(1);
      expect(said.join()).not.toContain("secert");
      expect(existsSync(file)).toBe(false);
    }
  });

  it("takes a user out", async () => {
    expect(await passwd(["--iterations", "4096", file, "alice"], typing("secret", "secret").terminal)).toBe(0);
    expect(await passwd(["--delete", file, "alice"], typing().terminal)).toBe(0);
    expect(await readFile(file, "utf8")).toBe("");
    const { said, terminal } = typing();
    expect(await passwd(["--delete", file, "alice"], terminal)).toBe(1);
    expect(said).toEqual([`${file} has no user alice`]);
  });

  it("takes a name that begins with - after --", async () => {
    const args = ["--iterations", "4096", "--", file, "-alice"];
    expect(await passwd(args, typing("secret", "secret").terminal)).toBe(0);
    expect(await readFile(file, "utf8")).toMatch(/^-alice\t/);
  });

  it("says what to do when another change was cut off", async () => {
    await writeFile(`${file}.new`, "");
    const { said, terminal } = typing("secret", "secret");
    expect(await passwd(["--iterations", "4096", file, "alice"], terminal)).toBe(1);
    expect(said.at(-1)).toContain(`${file}.new is there`);
  });

  it("says how it is used", async () => {
    for (const args of [[], [file], [file, "alice", "secret"], ["--password", file, "alice"]]) {
      const { said, terminal } = typing();
      expect(await passwd(args, terminal)).toBe(2);
      expect(said.join()).toContain("FILE USER");
    }
    expect(await passwd(["--help"], typing().terminal)).toBe(0);
    for (const count of ["100", "x", "99999999"]) {
      expect(await passwd(["--iterations", count, file, "alice"], typing("a", "a").terminal)).toBe(1);
    }
  });
});
