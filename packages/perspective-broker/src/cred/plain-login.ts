// A password told as it is, compared with a verifier: the same computing for every name.
import { UnauthorizedLogin } from "../errors.ts";
import type { UserStore } from "./checker.ts";
import type { PlainPassword } from "./credentials.ts";
import { findUser } from "./known-user.ts";
import type { LoginSession } from "./login-session.ts";
import { deriveVerifier } from "./verifier.ts";

/** The principal; throws UnauthorizedLogin. */
export async function plainPasswordFits(
  session: LoginSession,
  store: UserStore,
  { username, password }: PlainPassword,
): Promise<unknown> {
  const { crypto } = session.settings;
  const { principal, verifier } = await findUser(store, username, session.settings);
  const { storedKey } = await deriveVerifier(crypto, password, verifier.salt, verifier.iterations);
  const fits = crypto.equal(storedKey, verifier.storedKey);
  if (!fits || principal === undefined) throw new UnauthorizedLogin();
  return principal.value;
}
