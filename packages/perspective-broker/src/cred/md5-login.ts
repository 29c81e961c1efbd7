// Twisted's login (spec §8.1): `MD5(MD5(password) + challenge)`. Kept for Twisted peers. Nothing in it comes from the client but
// the answer, so a server of ill will can have the client answer any challenge; and who reads along can try passwords fast.
import { UnauthorizedLogin } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { joined, utf8 } from "./bytes.ts";
import { type Checker, isUserStore } from "./checker.ts";
import { HashedPassword } from "./credentials.ts";
import type { LoginCrypto } from "./crypto.ts";
import { findMD5User } from "./known-user.ts";
import type { LoginSession } from "./login-session.ts";

/** The answer to a challenge. */
export function md5Response(crypto: LoginCrypto, password: string, challenge: Uint8Array): Uint8Array {
  return crypto.md5(joined(crypto.md5(utf8(password)), challenge));
}

/** Takes the answers to one challenge, as often as the client likes; each right one gives an avatar of its own. */
export class Challenger extends Referenceable {
  readonly #session: LoginSession;
  readonly #checker: Checker;
  readonly #username: string | undefined;
  readonly #challenge: Uint8Array;

  constructor(session: LoginSession, checker: Checker, username: string | undefined, challenge: Uint8Array) {
    super();
    this.#session = session;
    this.#checker = checker;
    this.#username = username;
    this.#challenge = challenge.slice();
  }

  remote_respond(response: unknown, mind: unknown): Promise<Referenceable> {
    return this.#session.attempt("md5", this.#username, mind, () => this.#principal(response));
  }

  async #principal(response: unknown): Promise<unknown> {
    const { crypto } = this.#session.settings;
    // What is no answer is compared, too: with nothing that fits.
    const given = response instanceof Uint8Array ? response : new Uint8Array(0);
    const credentials = new HashedPassword(crypto, this.#username ?? "", this.#challenge, given);
    if (!isUserStore(this.#checker)) return this.#checker.requestAvatarId(credentials, this.#session.host.peer);
    const { principal, digest } = await findMD5User(this.#checker, this.#username, this.#session.settings);
    const fits = credentials.checkMD5Password(digest);
    if (!fits || principal === undefined) throw new UnauthorizedLogin();
    return principal.value;
  }
}
