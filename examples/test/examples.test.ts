// Every example, both ends in TypeScript. (The calculation has a file of its own.)
import { describe, it } from "vitest";
import { converse } from "./support/converse.ts";
import { examples } from "./support/expected.ts";
import { startTypeScript } from "./support/program.ts";

describe("an example", () => {
  for (const example of examples) {
    it(`${example.name}: client and server print what they should`, async () => {
      const server = startTypeScript(`${example.name}/server`, "0");
      await converse(example, server, (port) => startTypeScript(`${example.name}/client`, port));
    });
  }
});
