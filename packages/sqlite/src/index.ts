// Users in a SQLite table. The SQL is all that this package knows; how a login compares is the Portal's.
import { closeSync, existsSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { type StoredUserOptions, storedUser, type UserRecord, type UserStore } from "perspective-broker";

/** What is used of a database: better-sqlite3's Database has it, and DatabaseSync of node:sqlite. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  get(...parameters: string[]): unknown;
  run(...parameters: (string | null)[]): { changes: number | bigint };
}

export interface SqliteUsersOptions {
  /** The name of the table. Default `users`. */
  readonly table?: string;
  /** Keeps MD5 digests, for a Portal with `md5: true`: as good as the passwords for whoever reads them. Default false. */
  readonly md5?: boolean;
  /** The iteration count of new verifiers, and of unknown users. Default 600 000. */
  readonly iterations?: number;
}

/** Opens a database file with better-sqlite3, and its table of users; makes what is not there. */
export function openUsers(path: string, options: SqliteUsersOptions = {}): SqliteUsers {
  if (path !== "" && !path.startsWith(":") && !existsSync(path)) closeSync(openSync(path, "a", 0o600)); // verifiers are secrets
  return new SqliteUsers(new Database(path), options);
}

/** A table of users in an open database. It closes the database when it is disposed. */
export class SqliteUsers implements UserStore {
  readonly kinds: readonly ("scram" | "plain" | "md5")[];
  readonly iterations: number | undefined;
  readonly #database: SqliteDatabase;
  readonly #find: SqliteStatement;
  readonly #add: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #options: StoredUserOptions;

  constructor(database: SqliteDatabase, options: SqliteUsersOptions = {}) {
    const { table = "users", md5 = false, iterations } = options;
    const name = quoted(table);
    this.kinds = md5 ? ["scram", "plain", "md5"] : ["scram", "plain"];
    this.iterations = iterations;
    this.#options = { md5, ...(iterations !== undefined && { iterations }) };
    this.#database = database;
    database.exec(`CREATE TABLE IF NOT EXISTS ${name}
      (name TEXT NOT NULL PRIMARY KEY COLLATE BINARY, verifier TEXT NOT NULL, md5 TEXT) STRICT`);
    this.#find = database.prepare(`SELECT verifier, md5 FROM ${name} WHERE name = ? COLLATE BINARY`);
    this.#add = database.prepare(`INSERT INTO ${name} (name, verifier, md5) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET verifier = excluded.verifier, md5 = excluded.md5`);
    this.#remove = database.prepare(`DELETE FROM ${name} WHERE name = ?`);
  }

  findUser(name: string): UserRecord | undefined {
    const row = this.#find.get(name) as { verifier: string; md5: string | null } | undefined;
    return row && { verifier: row.verifier, md5: row.md5 };
  }

  /** Adds a user, or changes the password of the one of that name. */
  async add(name: string, password: string): Promise<void> {
    const { verifier, md5 = null } = await storedUser(password, this.#options);
    this.#add.run(name, verifier, md5);
  }

  /** False if there was none. */
  remove(name: string): boolean {
    return Number(this.#remove.run(name).changes) > 0;
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
