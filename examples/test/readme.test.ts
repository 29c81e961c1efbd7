// The lines of the README: each names a program that is there, every program has one, and they work as they stand.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { start, startTypeScript } from "./support/program.ts";

const folder = new URL("../", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

describe("the README of the examples", () => {
  it("has a line for every program, and no others", () => {
    const typescript = [...readme.matchAll(/^npm run -s example (\S+)/gm)].map((match) => `${match[1]}.ts`);
    const python = [...readme.matchAll(/^\.venv\/bin\/python examples\/(\S+)/gm)].map((match) => match[1]);
    const programs = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => /^\w+\/(server|client)\.(ts|py)$/.test(path));
    // One that is started several times has a line for each.
    expect([...new Set([...typescript, ...python])].sort()).toEqual(programs.sort());
  });

  it("has lines that work", async () => {
    const server = startTypeScript("pbsimple/server", "0");
    const port = await server.port();
    const root = fileURLToPath(new URL("..", folder));
    const client = await start("npm", ["run", "-s", "example", "pbsimple/client", port], root).ended;
    expect(client.stdout).toBe("server echoed: hello network\n");
    expect(client.code).toBe(0);
  });
});
