// The file of a Unix socket: left behind, in use, not a socket at all.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { bytes, dial, kinds, listening, record, socketPath } from "./support/transports.ts";

const overUnix = kinds.find((kind) => kind.name === "unix")!;

/** The file of a socket whose listener has gone without removing it. */
async function leaveBehind(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.0`, resolve));
  renameSync(`${path}.0`, path);
  await new Promise((resolve) => server.close(resolve));
}

describe("the file of a Unix socket", () => {
  it("is replaced when its listener has gone", async () => {
    const path = socketPath();
    await leaveBehind(path);
    await expect(dial(overUnix, `unix:${path}`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const { listener, accepted } = await listening(overUnix, {}, `unix:${path}`);
    const atNear = record(await dial(overUnix, listener.address));
    (await accepted()).write(bytes("hello"));
    await atNear.received(5);
  });

  it("is left alone when somebody listens", async () => {
    const { listener, accepted } = await listening(overUnix);
    await expect(listening(overUnix, {}, listener.address)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await record(await accepted()).end(); // somebody looked whether we are alive
    await dial(overUnix, listener.address);
    await accepted();
  });

  it("is left alone when it is no socket", async () => {
    const path = socketPath();
    writeFileSync(path, "precious");
    await expect(listening(overUnix, {}, `unix:${path}`)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  it("goes when the listener closes", async () => {
    const path = socketPath();
    const { listener } = await listening(overUnix, {}, `unix:${path}`);
    expect(existsSync(path)).toBe(true);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it("has an address with or without slashes, and may be relative", async () => {
    const path = socketPath();
    const { listener } = await listening(overUnix, {}, `unix://${path}`);
    expect(listener.address).toBe(`unix:${path}`);
    await dial(overUnix, `unix:${path}`);
    const near = await dial(overUnix, `unix:${relative(process.cwd(), path)}`);
    expect(near.peer.address).toBe(relative(process.cwd(), path));
  });

  it("has a path that fits", async () => {
    const address = `unix:${socketPath()}${"x".repeat(100)}`;
    await expect(listening(overUnix, {}, address)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
    await expect(dial(overUnix, address)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  });

  it("cannot be where there is no folder", async () => {
    await expect(listening(overUnix, {}, `unix:${socketPath()}/no/s`)).rejects.toHaveProperty("code");
  });
});
