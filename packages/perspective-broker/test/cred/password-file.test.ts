// A file of users: what it may hold, that a change counts at once, and that nobody ever sees half of one.
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  addToPasswordFile,
  PasswordFile,
  Portal,
  removeFromPasswordFile,
  storedUser,
  UnauthorizedLogin,
  UnhandledCredentials,
  UsernamePassword,
  UserStoreError,
} from "../../src/index.ts";
import { errorOf, Link, NotedRealm } from "./loopback.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pb-passwords-"));
  file = join(folder, "passwords");
});
afterEach(() => rm(folder, { recursive: true }));

const add = async (name: string, password: string, md5 = false) =>
  addToPasswordFile(file, { name, ...(await storedUser(password, { iterations: 4096, md5 })) });
const alice = new UsernamePassword("alice", "secret");
const served = (options: { md5?: boolean } = {}) => {
  const portal = new Portal(new NotedRealm(), {
    ...{ checkers: [new PasswordFile(file, options)], md5: true, rateLimit: false, log: () => {} },
  });
  return new Link(portal);
};

describe("a password file", () => {
  it("logs its users in", async () => {
    await add("alice", "secret");
    await add("Gr\u00fcn, =:#", "pencil");
    const link = served();
    await link.login(alice);
    await link.login(new UsernamePassword("Gr\u00fcn, =:#", "pencil"));
    expect(await errorOf(link.login(new UsernamePassword("alice", "pencil")))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("counts at once when it changes", async () => {
    await add("bob", "hunter2");
    const link = served();
    expect(await errorOf(link.login(alice))).toBeInstanceOf(UnauthorizedLogin);
    await add("alice", "secret");
    await link.login(alice);
    await add("alice", "changed");
    expect(await errorOf(link.login(alice))).toBeInstanceOf(UnauthorizedLogin);
    await removeFromPasswordFile(file, "alice");
    expect(await errorOf(link.login(new UsernamePassword("alice", "changed")))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("gives unknown users the iteration count of its own, from the first login on", async () => {
    await add("alice", "secret");
    const [serverFirst] = await served().root.callRemote("loginScram", "n,,n=mallory,r=abc,d=pb");
    expect(serverFirst).toMatch(/,i=4096$/);
  });

  it("serves MD5 only when it is told so, and for users who have the column", async () => {
    await add("alice", "secret", true);
    await add("bob", "hunter2");
    const byMD5 = { allowMD5: "only" } as const;
    expect(await errorOf(served().login(alice, byMD5))).toBeInstanceOf(UnhandledCredentials);
    const link = served({ md5: true });
    await link.login(alice, byMD5);
    expect(await errorOf(link.login(new UsernamePassword("bob", "hunter2"), byMD5))).toBeInstanceOf(UnauthorizedLogin);
  });

  it("is refused as a whole when a line is wrong, by its number and without its content", async () => {
    await add("alice", "secret");
    const right = await readFile(file, "utf8");
    const verifier = right.split("\t")[1]!.trim();
    for (const line of [
      "carol",
      `carol:${verifier}`,
      "carol\tgeheim",
      `carol\t${verifier}\tzz`,
      `alice\t${verifier}`,
    ]) {
      await writeFile(file, `# users\n\n${right}${line}\n`);
      const error = await errorOf(new PasswordFile(file).load());
      expect(error).toBeInstanceOf(UserStoreError);
      expect(error.message).toMatch(/passwords: line 4: /);
      expect(error.message).not.toContain("carol\t");
      expect(error.message).not.toContain("geheim");
    }
    expect((await errorOf(served().login(alice))).message).toBe("logins cannot be checked now");
  });

  it("that is not there lets nobody in, and says at load() why", async () => {
    expect((await errorOf(new PasswordFile(file).load())).code).toBe("ENOENT");
    expect((await errorOf(served().login(alice))).message).toBe("logins cannot be checked now");
  });
});

describe("changing a password file", () => {
  it("leaves the other lines as they are", async () => {
    await add("alice", "secret");
    await add("bob", "hunter2");
    const [alices, bobs] = (await readFile(file, "utf8")).trim().split("\n");
    await writeFile(file, `# our users\n${alices}\n\n${bobs}\n`);
    await add("alice", "changed");
    await add("carol", "x");
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines).toHaveLength(6);
    expect([lines[0], lines[2], lines[3], lines[5]]).toEqual(["# our users", "", bobs, ""]);
    expect(await removeFromPasswordFile(file, "carol")).toBe(true);
    expect(await removeFromPasswordFile(file, "carol")).toBe(false);
    expect((await readFile(file, "utf8")).split("\n")).toEqual([...lines.slice(0, 4), ""]);
  });

  it("gives a file that only its owner can read, in one step, and leaves nothing else behind", async () => {
    await writeFile(file, "", { mode: 0o644 });
    const before = await stat(file);
    await add("alice", "secret");
    const after = await stat(file);
    if (process.platform !== "win32") expect(after.mode & 0o777).toBe(0o600);
    expect(after.ino).not.toBe(before.ino);
    expect(await readdir(folder)).toEqual(["passwords"]);
  });

  it.skipIf(process.platform === "win32")("changes the file that a link leads to", async () => {
    await add("alice", "secret");
    const link = join(folder, "link");
    await symlink(file, link);
    await addToPasswordFile(link, { name: "bob", ...(await storedUser("x", { iterations: 4096 })) });
    expect((await new PasswordFile(file).findUser("bob"))?.verifier).toBeDefined();
    expect((await readdir(folder)).sort()).toEqual(["link", "passwords"]);
  });

  it("by two at the same time is one change and one refusal", async () => {
    await add("alice", "secret");
    const stored = await storedUser("x", { iterations: 4096 });
    const results = await Promise.allSettled(
      ["bob", "carol"].map((name) => addToPasswordFile(file, { name, ...stored })),
    );
    const refused = results.filter((result) => result.status === "rejected");
    const text = await readFile(file, "utf8");
    expect(text.trim().split("\n")).toHaveLength(3 - refused.length);
    for (const { reason } of refused) expect(reason.code).toBe("EEXIST");
  });

  it.each(["", " alice", "alice ", "#alice", "a\tb", "a\nb", "x".repeat(1025)])("refuses the name %j", async (name) => {
    await expect(addToPasswordFile(file, { name, verifier: "x" })).rejects.toThrow(UserStoreError);
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not make a file to take somebody out of", async () => {
    await expect(removeFromPasswordFile(file, "bob")).rejects.toThrow(UserStoreError);
    expect(await readdir(folder)).toEqual([]);
  });
});
