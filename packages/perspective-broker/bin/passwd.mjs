#!/usr/bin/env node
// perspective-broker-passwd: the terminal of src/cred/passwd-command.ts.
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { passwd } from "#passwd";

const interactive = process.stdin.isTTY === true;
// In a terminal readline would show what is typed: it writes to nowhere instead.
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const lines = createInterface({ input: process.stdin, output: nowhere, terminal: interactive });
const given = lines[Symbol.asyncIterator]();
lines.on("SIGINT", () => process.exit(130));

process.exitCode = await passwd(process.argv.slice(2), {
  interactive,
  async secret(prompt) {
    if (interactive) process.stderr.write(prompt);
    const { value, done } = await given.next();
    if (interactive) process.stderr.write("\n");
    return done ? undefined : value;
  },
  print: (text) => console.log(text),
  complain: (text) => console.error(text),
});
lines.close();
