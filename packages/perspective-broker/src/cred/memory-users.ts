// Users in memory: for tests with passwords as they are, for small programs with verifiers.

import type { UserRecord, UserStore } from "./checker.ts";
import { storedUser } from "./stored-user.ts";
import { iterationBounds, parseVerifier } from "./verifier.ts";

/**
 * A store of users by name. A text that begins with `SCRAM-SHA-256$` is a verifier; another one is the password itself, which
 * serves MD5, too, and whose verifier is made when it is first asked for, with the smallest iteration count: for tests.
 */
export class MemoryUsers implements UserStore {
  readonly kinds: readonly ("scram" | "plain" | "md5")[] = ["scram", "plain", "md5"];
  readonly #users = new Map<string, () => Promise<UserRecord>>();
  #iterations: number | undefined;

  constructor(users: Readonly<Record<string, string | UserRecord>> = {}) {
    for (const [name, user] of Object.entries(users)) this.add(name, user);
  }

  /** Adds a user, or takes the place of the one of that name. */
  add(name: string, user: string | UserRecord): this {
    if (typeof user !== "string" || user.startsWith("SCRAM-SHA-256$")) {
      const record = typeof user === "string" ? { verifier: user } : user;
      this.#iterations ??= iterationsOf(record);
      this.#users.set(name, async () => record);
    } else {
      this.#iterations ??= iterationBounds.least;
      this.#users.set(name, recordOf(user));
    }
    return this;
  }

  remove(name: string): boolean {
    return this.#users.delete(name);
  }

  /** That of the user who was added first, so that one who is not there seems to have it, too. */
  get iterations(): number {
    return this.#iterations ?? iterationBounds.least;
  }

  async findUser(name: string): Promise<UserRecord | undefined> {
    return this.#users.get(name)?.();
  }
}

/** A verifier that cannot be read is told when it is asked for. */
function iterationsOf({ verifier }: UserRecord): number | undefined {
  try {
    return verifier ? parseVerifier(verifier).iterations : undefined;
  } catch {
    return undefined;
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
