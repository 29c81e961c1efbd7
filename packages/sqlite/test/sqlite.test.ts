// Users in a real SQLite file.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { queriedUsers } from "perspective-broker";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openUsers, SqliteUsers } from "../src/index.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pb-sqlite-"));
  file = join(folder, "users.db");
});
afterEach(() => rm(folder, { recursive: true }));

const few = { iterations: 4096 };

describe("a table of users", () => {
  it("finds a user by the exact name, also when it is opened again", async () => {
    {
      using users = openUsers(file, few);
      await users.add("alice", "secret");
    }
    using users = openUsers(file, few);
    expect(users.findUser("alice")).toEqual({ verifier: expect.stringMatching(/^SCRAM-SHA-256\$4096:/), md5: null });
    for (const name of ["Alice", "alice ", "mallory", "", "' OR '1'='1", "ali%", "alice\0"]) {
      expect(users.findUser(name), name).toBeUndefined();
    }
  });

  it("changes and removes", async () => {
    using users = openUsers(file, few);
    await users.add("alice", "secret");
    const before = users.findUser("alice");
    await users.add("alice", "changed");
    expect(users.findUser("alice")).not.toEqual(before);
    expect(users.remove("alice")).toBe(true);
    expect(users.remove("alice")).toBe(false);
    expect(users.findUser("alice")).toBeUndefined();
  });

  it("keeps MD5 digests only when it is told so", async () => {
    using users = openUsers(file, { ...few, md5: true });
    await users.add("alice", "secret");
    expect(users.findUser("alice")?.md5).toBe("5ebe2294ecd0e0f08eab7690d2a6ee69");
    expect(users.kinds).toContain("md5");
    expect(openUsers(":memory:").kinds).not.toContain("md5");
  });

  it("has no password in its file", async () => {
    {
      using users = openUsers(file, few);
      await users.add("alice", "a password of some length");
    }
    const bytes = await readFile(file, "latin1");
    expect(bytes).toContain("SCRAM-SHA-256$4096");
    expect(bytes).not.toContain("a password of some length");
  });

  it("can have another name, whatever is in it", async () => {
    using users = new SqliteUsers(new Database(file), { ...few, table: 'the "users"; DROP' });
    await users.add("alice", "secret");
    expect(users.findUser("alice")).toBeDefined();
  });
});

describe("any other table", () => {
  it("is a store by its query", async () => {
    const database = new Database(file);
    database.exec("CREATE TABLE people (id INTEGER PRIMARY KEY, login TEXT UNIQUE, secret TEXT)");
    database.prepare("INSERT INTO people VALUES (7, 'alice', 'SCRAM-SHA-256$4096:x$y:z')").run();
    const statement = database.prepare("SELECT secret AS verifier, id AS principal FROM people WHERE login = ?");
    const users = queriedUsers((name) => statement.get(name) as { verifier: string; principal: number } | undefined);
    expect(await users.findUser("alice")).toEqual({ verifier: "SCRAM-SHA-256$4096:x$y:z", principal: 7 });
    expect(await users.findUser("bob")).toBeUndefined();
    database.close();
  });
});
