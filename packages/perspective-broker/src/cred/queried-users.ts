// A store of users that is a query: any database, with the driver that one has.
import type { Awaitable, UserRecord, UserStore } from "./checker.ts";

export interface QueriedUsersOptions {
  /** The rows have the column `md5`, and it may be used. Default false. */
  readonly md5?: boolean;
  /** The iteration count of the verifiers, so that unknown users seem to have the same. */
  readonly iterations?: number;
}

/**
 * Users found by a query, for instance `(name) => db.get("SELECT verifier FROM users WHERE name = ?", name)`. The name is data
 * from a stranger: a parameter of the query, never a part of its text. It must be compared exactly, capitals included.
 */
export function queriedUsers(
  query: (name: string) => Awaitable<UserRecord | null | undefined>,
  options: QueriedUsersOptions = {},
): UserStore {
  return {
    kinds: options.md5 ? ["scram", "plain", "md5"] : ["scram", "plain"],
    iterations: options.iterations,
    findUser: async (name) => (await query(name)) ?? undefined,
  };
}
