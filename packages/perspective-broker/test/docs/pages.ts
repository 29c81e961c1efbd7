// The pages of the documentation, taken apart: fenced blocks with what is said about them, tables, headings and links.
// How a block is marked: the words after its language. `ts run`: it runs, and what it prints is what the comments behind its
// `console.log` lines say, or the `text output` block after it. `ts check`: it is only type-checked. `ts serve`, `ts client`,
// `python serve`, `python client`: one program of each pair runs against the other. `file=NAME` puts a block into a file.
// An HTML comment that begins with `setup` holds code that the reader does not see before every block without imports.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../../", import.meta.url));

export interface Block {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly file: string | undefined;
  readonly code: string;
  /** What stands before the code when it is run or checked. */
  readonly setup: string;
  /** What it prints, if a `text output` block follows. */
  readonly output: string | undefined;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export const pages: readonly Page[] = [
  "README.md",
  "packages/perspective-broker/README.md",
  ...readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" })
    .map((file) => `docs/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".md"))
    .sort(),
].map(readPage);

export function pageAt(path: string): Page {
  const page = pages.find((one) => one.path === path);
  if (page === undefined) throw new Error(`there is no page ${path}`);
  return page;
}

/** The rows of the first table below a heading, without its own heading row; cells as they are written. */
export function tableBelow(page: Page, heading: string): string[][] {
  const section = sectionOf(page, heading);
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const first = section.split("\n").findIndex((line) => line.startsWith("|"));
  const table = section.split("\n").slice(first);
  const end = table.findIndex((line) => !line.startsWith("|"));
  if (rows.length === 0) throw new Error(`${page.path}: no table below "${heading}"`);
  return table.slice(2, end < 0 ? undefined : end).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|")),
  );
}

/** The text from a heading to the next one of the same or a higher level. */
export function sectionOf(page: Page, heading: string): string {
  const lines = withoutFences(page.text).split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start < 0) throw new Error(`${page.path}: no heading "${heading}"`);
  const level = (lines[start] as string).indexOf(" ");
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The text with every line of every fenced block emptied. */
export function withoutFences(text: string): string {
  let inside = false;
  return text
    .split("\n")
    .map((line) => {
      const fence = line.startsWith("```");
      if (fence) inside = !inside;
      return fence || inside ? "" : line;
    })
    .join("\n");
}

export function headingsOf(page: Page): string[] {
  return withoutFences(page.text)
    .split("\n")
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) => line.replace(/^#+ /, ""));
}

function readPage(path: string): Page {
  const text = readFileSync(root + path, "utf8");
  const blocks: Block[] = [];
  const lines = text.split("\n");
  let setup = "";
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === "<!-- setup") {
      const end = lines.indexOf("-->", i);
      setup = lines.slice(i + 1, end).join("\n");
      i = end;
      continue;
    }
    const opening = /^```(\S*)(.*)$/.exec(lines[i] as string);
    if (opening === null) continue;
    const end = lines.indexOf("```", i + 1);
    const code = lines.slice(i + 1, end).join("\n");
    const words = (opening[2] as string).split(" ").filter((word) => word !== "");
    const [language, line] = [opening[1] as string, i + 1];
    i = end;
    if (language === "text" && words.includes("output")) {
      const last = blocks.findLastIndex((block) => block.language !== "sh");
      if (last < 0) throw new Error(`${path}:${line}: output of nothing`);
      blocks[last] = { ...(blocks[last] as Block), output: code };
      continue;
    }
    const file = words.find((word) => word.startsWith("file="))?.slice(5);
    const alone = /^import .*from "perspective-broker"/m.test(code);
    blocks.push({ page: path, line, language, words, file, code, setup: alone ? "" : setup, output: undefined });
  }
  return { path, text, blocks };
}
