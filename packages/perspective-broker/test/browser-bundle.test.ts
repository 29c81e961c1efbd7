// What a browser's bundler gets: the package's portable halves, not one module of Node, and no more than a program names.
import { describe, expect, it } from "vitest";
import { bundled } from "./support/bundle.ts";

const everything = 'export * from "perspective-broker";';
const client = 'export { connect, memoryPair, Referenceable } from "perspective-broker";';

/** Bytes with gzip that a program may cost. `npm run size` shows what they are made of. */
const held: readonly [what: string, program: string, bytes: number][] = [
  // The goal is 15 000; this is what it weighs until then, so that it does not grow unnoticed.
  ["a client with pb7", client, 63_100],
];

describe("a bundle for the browser", () => {
  it("holds the portable platform and transports only", async () => {
    const { files } = await bundled(everything);
    expect([...files.keys()]).toEqual(expect.arrayContaining(["platform/web.ts", "transport/portable.ts"]));
    expect([...files.keys()].filter((file) => /node[^/]*\.ts$|transport\/(tcp|tls|unix)/.test(file))).toEqual([]);
  });

  it("holds of a client what a client needs: no dialect but our own, no server, no logins", async () => {
    const { files, later } = await bundled(client);
    const foreign =
      /^cred|^wire\/(banana\/(?!elements)|jelly\/(?!calendar|failure|forms|refusals|sharing|tag))|^connection\/(listen|server|portal-host)|crypto/;
    expect([...files.keys()].filter((file) => foreign.test(file))).toEqual([]);
    expect(later).toEqual(["../cred/login.ts"]);
  });

  it.each(held)("costs no more than was decided: %s", async (_what, program, bytes) => {
    const { gzip } = await bundled(program);
    expect(gzip).toBeLessThanOrEqual(bytes);
  });

  it("speaks the dialects that its program names, and pb7 if it names none", async () => {
    const { code } = await bundled('export { connect, listen, pb, Root } from "perspective-broker";');
    const { connect, listen, pb, Root } = await import(
      /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
    );
    class Doubler extends Root {
      remote_double(n: number) {
        return n * 2;
      }
    }
    for (const [options, dialect] of [[{ dialects: [pb] }, "pb"] as const, [{}, "pb7"] as const]) {
      const server = await listen(new Doubler(), "memory://bundle", options);
      const connection = await connect("memory://bundle", options);
      expect(connection.dialect).toBe(dialect);
      expect(await connection.root.callRemote("double", 21)).toBe(42);
      await server.close();
    }
    await expect(connect("memory://bundle", { dialects: [] })).rejects.toThrow(
      /^dialects: .* \{ dialects: \[pb7\] \}$/,
    );
  });
});
