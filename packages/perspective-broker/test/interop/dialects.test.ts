// The greeting with real Twisted: dialect `none`, and lists that begin with dialects that one side has never heard of.
import { type Dialect, none, pb, pb7 } from "perspective-broker";
import { expect, it, onTestFinished } from "vitest";
import { ourClient, ourServer } from "./in-process.ts";
import { finished, ours, peerFile, python, serving, twisted } from "./programs.ts";
import { withEachTwisted } from "./twisted.ts";

// What needs no Portal and takes no time; every form of value and message is among it.
const some = [
  "echo_str,echo_int,echo_dict,echo_shared,echo_time,kwargs,take_two,decref_counts,error_expected,oneway",
  "copyable_circular,cacheable_from_server,cacheable_to_server,pager",
].join(",");
const allWell = "14 passed, 0 failed";

/** A dialect under another name, which Twisted does not know. */
const strange = (name: string): Dialect => ({ ...pb, name });

withEachTwisted("the dialect of a Twisted client", ({ path }) => {
  const clientOf = async (port: number) => {
    const args = ["--port", String(port), "--port2", String(port), "--only", some];
    return (await finished(twisted(path, "pb_client.py", ...args), 60)).stdout.trimEnd().split("\n").at(-1);
  };

  it("is none where we offer nothing else", async () => {
    const server = await ourServer({ dialects: [none] });
    expect(await clientOf(server.port)).toBe(allWell);
    expect(new Set(server.connections.map(({ dialect }) => dialect))).toEqual(new Set(["none"]));
  }, 60_000);

  it("is pb where strange ones come first", async () => {
    const server = await ourServer({ dialects: [pb7, strange("none2"), pb, none] });
    expect(await clientOf(server.port)).toBe(allWell);
    expect(new Set(server.connections.map(({ dialect }) => dialect))).toEqual(new Set(["pb"]));
  }, 60_000);

  it("is the first one that it knows, in our order", async () => {
    const server = await ourServer({ dialects: [pb7, none, pb] });
    expect(await clientOf(server.port)).toBe(allWell);
    expect(new Set(server.connections.map(({ dialect }) => dialect))).toEqual(new Set(["none"]));
  }, 60_000);
});

withEachTwisted("the dialect with a Twisted server", ({ path }) => {
  const serverWith = async (dialects: string) => {
    const server = await serving(python(path, "with_dialects.py", dialects, peerFile("pb_server.py")));
    onTestFinished(() => server.stop());
    return server;
  };

  it("is none where the server offers nothing else", async () => {
    const { port } = await serverWith("none");
    const connection = await ourClient(port);
    expect(connection.dialect).toBe("none");
    expect(await connection.root.callRemote("echo", ["list", "remote", 1])).toEqual(["list", "remote", 1]);
    const client = await finished(ours("client.ts", "--port", String(port), "--only", some), 60);
    expect(client.stdout).toContain(allWell);
  }, 60_000);

  it("is none where we know nothing else", async () => {
    const { port } = await serverWith("pb,none");
    const connection = await ourClient(port, { dialects: [none] });
    expect(connection.dialect).toBe("none");
    expect(await connection.root.callRemote("echo", { k: [1.5, "x"] })).toEqual({ k: [1.5, "x"] });
  }, 60_000);

  it("is pb where strange ones come first", async () => {
    const { port } = await serverWith("banana-2,pb8,pb,none");
    const connection = await ourClient(port);
    expect(connection.dialect).toBe("pb");
    const client = await finished(ours("client.ts", "--port", String(port), "--only", some), 60);
    expect(client.stdout).toContain(allWell);
  }, 60_000);

  it("is agreed on, or the connection is refused with a named error", async () => {
    const { port } = await serverWith("banana-2");
    await expect(ourClient(port)).rejects.toMatchObject({ code: "NEGOTIATION_FAILED" });
  }, 60_000);
});
