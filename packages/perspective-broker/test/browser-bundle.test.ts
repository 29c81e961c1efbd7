// What a browser's bundler gets: the package's portable halves, not one module of Node, and no more than a program names.
import { describe, expect, it } from "vitest";
import { bundled } from "./support/bundle.ts";

const everything = 'export * from "perspective-broker";';
const client = 'export { connect, memoryPair, Referenceable } from "perspective-broker";';

/** Bytes with gzip that a program may cost. `npm run size` shows what they are made of. */
const held: readonly [what: string, program: string, bytes: number][] = [
  ["a client with everything but a dialect", client, 18_000],
];

describe("a bundle for the browser", () => {
  it("holds the portable platform and transports only", async () => {
    const { files } = await bundled(everything);
    expect([...files.keys()]).toEqual(expect.arrayContaining(["platform/web.ts", "transport/portable.ts"]));
    expect([...files.keys()].filter((file) => /node[^/]*\.ts$|transport\/(tcp|tls|unix)/.test(file))).toEqual([]);
  });

  it("holds of a client what a client needs: no dialect that it does not name, no server, no classes, no logins", async () => {
    const { files, later } = await bundled(client);
    const foreign =
      /^(cred|values\/(?!keywords|printed-as))|^wire\/(banana\/(?!elements)|jelly\/(?!failure|tag))|^connection\/(listen|server|portal-host)|crypto/;
    expect([...files.keys()].filter((file) => foreign.test(file))).toEqual([]);
    expect(later).toEqual(["../cred/login.ts"]);
  });

  it.each(held)("costs no more than was decided: %s", async (_what, program, bytes) => {
    const { gzip } = await bundled(program);
    expect(gzip).toBeLessThanOrEqual(bytes);
  });

  it("speaks the dialects that its program names, and says so if it names none", async () => {
    const { code } = await bundled('export { connect, listen, pb, Root } from "perspective-broker";');
    const { connect, listen, pb, Root } = await import(
      /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
    );
    class Doubler extends Root {
      remote_double(n: number) {
        return n * 2;
      }
    }
    const server = await listen(new Doubler(), "memory://bundle", { dialects: [pb] });
    const connection = await connect("memory://bundle", { dialects: [pb] });
    expect(await connection.root.callRemote("double", 21)).toBe(42);
    await server.close();
    await expect(connect("memory://bundle")).rejects.toThrow(/^dialects: .* \{ dialects: \[pb\] \}$/);
  });
});
