// Users who are nobody in particular.
import { type Tuple, tuple } from "../values/tuple.ts";
import type { CredentialsChecker } from "./checker.ts";

/** The principal of anonymous users: Twisted's, the empty tuple. There is one: compare with `===`. */
export const ANONYMOUS: Tuple<[]> = Object.freeze(tuple()) as Tuple<[]>;

/** Admits everybody, as ANONYMOUS. */
export function allowAnonymous(): CredentialsChecker {
  return { kinds: ["anonymous"], requestAvatarId: () => ANONYMOUS };
}
