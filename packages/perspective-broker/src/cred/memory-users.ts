// Users in memory: for tests with passwords as they are, for small programs with verifiers.

import type { UserRecord, UserStore } from "./checker.ts";
import { storedUser } from "./stored-user.ts";
import { iterationBounds } from "./verifier.ts";

/**
 * A store of users by name. A text that begins with `SCRAM-SHA-256$` is a verifier; another one is the password itself, which
 * serves MD5, too, and whose verifier is made when it is first asked for, with the smallest iteration count: for tests.
 */
export class MemoryUsers implements UserStore {
  readonly kinds: readonly ("scram" | "plain" | "md5")[] = ["scram", "plain", "md5"];
  readonly #users = new Map<string, () => Promise<UserRecord>>();
  #onlyPasswords = true;

  constructor(users: Readonly<Record<string, string | UserRecord>> = {}) {
    for (const [name, user] of Object.entries(users)) this.add(name, user);
  }

  /** Adds a user, or takes the place of the one of that name. */
  add(name: string, user: string | UserRecord): this {
    if (typeof user !== "string" || user.startsWith("SCRAM-SHA-256$")) {
      const record = typeof user === "string" ? { verifier: user } : user;
      this.#onlyPasswords = false;
      this.#users.set(name, async () => record);
    } else {
      this.#users.set(name, recordOf(user));
    }
    return this;
  }

  remove(name: string): boolean {
    return this.#users.delete(name);
  }

  get iterations(): number | undefined {
    return this.#onlyPasswords ? iterationBounds.least : undefined;
  }

  async findUser(name: string): Promise<UserRecord | undefined> {
    return this.#users.get(name)?.();
  }
}

/** The record of a password, made once; the password lives in this closure only. */
function recordOf(password: string): () => Promise<UserRecord> {
  let made: Promise<UserRecord> | undefined;
  return () => {
    made ??= storedUser(password, { md5: true, iterations: iterationBounds.least });
    return made;
  };
}
