// Every program of the documentation runs, and prints what its page says.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import scripts from "../../../../package.json" with { type: "json" };
import { pythons } from "../support/python.ts";
import { type Block, type Page, pages, root } from "./pages.ts";
import { freePort, printed, started } from "./processes.ts";
import { folderOf, promised, removePrograms, run, serve, typeErrors, write } from "./programs.ts";

const python = pythons()[0];
const isOf = (block: Block, ...words: string[]): boolean => words.some((word) => block.words.includes(word));

beforeAll(() => {
  const certificates = fileURLToPath(new URL("../certificates/", import.meta.url));
  for (const { path } of pages) {
    mkdirSync(folderOf(path), { recursive: true });
    for (const file of readdirSync(certificates)) copyFileSync(certificates + file, `${folderOf(path)}/${file}`);
  }
});
afterAll(removePrograms);

describe("the TypeScript of the documentation", () => {
  it("compiles", async () => {
    expect(await typeErrors()).toBe("");
  });

  it("is marked as what it is", () => {
    const unmarked = pages
      .flatMap((page) => page.blocks)
      .filter(({ language }) => language === "ts" || language === "python")
      .filter((block) => !isOf(block, "run", "check", "serve", "client"));
    expect(unmarked.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });
});

describe.each(pages.filter(hasPrograms))("$path", (page) => {
  const home = process.cwd();
  const inPlace = async <T>(work: () => Promise<T>): Promise<T> => {
    process.chdir(folderOf(page.path));
    try {
      return await work();
    } finally {
      process.chdir(home);
    }
  };

  for (const block of page.blocks.filter((one) => one.language === "ts" && isOf(one, "run"))) {
    it(`line ${block.line} prints what it says`, async () => {
      expect(await inPlace(() => run(block))).toEqual(promised(block));
    });
  }

  for (const [server, client] of pairsOf(page)) {
    it.skipIf(python === undefined && [server, client].some(({ language }) => language === "python"))(
      `line ${server.line} serves line ${client.line}`,
      async () => {
        const port = await freePort();
        const serving =
          server.language === "ts"
            ? await inPlace(() => serve(server, port))
            : await started(python?.path ?? "", [write(server, port)], folderOf(page.path), port);
        try {
          const lines =
            client.language === "ts"
              ? await run(client, port)
              : (await printed(python?.path ?? "", [write(client, port)], folderOf(page.path))).out;
          expect(lines).toEqual(promised(client));
        } finally {
          await serving.close();
        }
      },
    );
  }

  for (const block of page.blocks.filter(({ language }) => language === "sh")) {
    it(`line ${block.line} has commands that exist`, () => {
      const commands = block.code.split("\n").flatMap((line) => line.replace(/\s#.*$/, "").split(" && "));
      const unknown = commands.map((command) => command.trim()).filter((command) => !exists(command, page));
      expect(unknown).toEqual([]);
    });
  }

  for (const block of page.blocks.filter((one) => one.file !== undefined && isOf(one, "run"))) {
    it(`${block.file} runs by the command that stands there`, async () => {
      write(block);
      const command = page.blocks
        .filter(({ language }) => language === "sh")
        .flatMap(({ code }) => code.split("\n"))
        .find((line) => line.endsWith(block.file ?? ""));
      const [program, ...args] = (command ?? "").split(" ") as [string, ...string[]];
      const { out } = await printed(program, args, folderOf(page.path));
      expect(out).toEqual(promised(block));
    });
  }
});

function hasPrograms({ blocks }: Page): boolean {
  return blocks.some((block) => block.language === "sh" || isOf(block, "run", "serve"));
}

/** Each server with the clients after it. */
function pairsOf(page: Page): [server: Block, client: Block][] {
  const pairs: [Block, Block][] = [];
  let server: Block | undefined;
  for (const block of page.blocks) {
    if (isOf(block, "serve")) server = block;
    if (isOf(block, "client") && server !== undefined) pairs.push([server, block]);
  }
  return pairs;
}

/** What a program beside the clone needs, with nothing in it that could be misspelt but names of packages. */
const outside =
  /^cd \.\.\/[\w-]+$|^npm (?:init -y|pkg set type=module|install --save-dev tsx typescript @types\/node)$/;

/** Commands of npm that are there; programs whose file is in the repository or on the page. */
function exists(command: string, page: Page): boolean {
  if (command === "npm install" || outside.test(command)) return true;
  const installed = /^npm install \.\.\/perspective-broker\/(\S+)$/.exec(command)?.[1];
  if (installed !== undefined) return existsSync(`${root}${installed}/package.json`);
  const script = /^npm (?:run (?:-s )?)?([\w:]+)/.exec(command)?.[1];
  if (script !== undefined) return Object.hasOwn(scripts.scripts, script);
  const file = /^(?:npx tsx(?: --conditions=perspective-broker:source)?|python3) (\S+)$/.exec(command)?.[1];
  return file !== undefined && (existsSync(root + file) || page.blocks.some((block) => block.file === file));
}
