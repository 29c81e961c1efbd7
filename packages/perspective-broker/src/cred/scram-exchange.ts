// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677, channel binding of RFC 9266), in two calls: the first message gives a
// salt, the last one the proof. An exchange takes one proof, within a minute.
import { DowngradeDetected, InsecureLogin, LoginExchangeError, UnauthorizedLogin } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { type Tuple, tuple } from "../values/tuple.ts";
import { toBase64 } from "./base64.ts";
import { joined, utf8 } from "./bytes.ts";
import { isUserStore } from "./checker.ts";
import { findUser, type KnownUser } from "./known-user.ts";
import type { LoginSession } from "./login-session.ts";
import { proofFits, serverSignature } from "./scram-keys.ts";
import {
  type ClientFirst,
  dialectsText,
  readClientFinal,
  readClientFirst,
  writeServerFinal,
  writeServerFirst,
} from "./scram-messages.ts";

/** The one kind of channel binding that is spoken. */
export const channelBindingKind = "tls-exporter";
export const nonceBytes = 18;
const lifetime = 60_000;

/** What a client's first message is answered with. */
export async function beginScram(session: LoginSession, message: unknown): Promise<[string, ScramExchange]> {
  const store = session.checkerFor(["scram"]);
  if (!isUserStore(store)) throw new TypeError("only a store with findUser can serve scram");
  session.checkLimit();
  const first = readClientFirst(message);
  if (first.dialects === undefined)
    throw new LoginExchangeError("the client does not say which dialects it was offered");
  const bindingInput = expectedBinding(session, first);
  const username = first.username.length > 1024 ? undefined : first.username;
  const user = await session.ask(() => findUser(store, username, session.settings));
  const nonce = first.nonce + toBase64(session.settings.crypto.random(nonceBytes));
  const { salt, iterations } = user.verifier;
  const serverFirst = writeServerFirst({ nonce, salt, iterations });
  return [serverFirst, new ScramExchange(session, { first, user, nonce, serverFirst, bindingInput })];
}

/** What the last message must repeat: the header, and the bytes that only the two ends of this TLS connection know. */
function expectedBinding({ host, settings }: LoginSession, { binding, header }: ClientFirst): Uint8Array {
  const own = host.channelBinding();
  if (typeof binding === "object") {
    if (binding.kind !== channelBindingKind)
      throw new LoginExchangeError(`channel binding: ${channelBindingKind} only`);
    if (own === undefined) {
      throw new LoginExchangeError("this server cannot bind a login to TLS (a proxy ends it?): channelBinding: false");
    }
    return joined(utf8(header), own);
  }
  // The client could bind, and was made to believe that this server cannot (RFC 5802 §6).
  if (binding === "y" && own !== undefined) throw new DowngradeDetected("this server can bind logins to TLS");
  if (settings.requireChannelBinding) throw new InsecureLogin("this server takes logins only that are bound to TLS");
  return utf8(header);
}

interface Begun {
  readonly first: ClientFirst;
  readonly user: KnownUser;
  readonly nonce: string;
  readonly serverFirst: string;
  readonly bindingInput: Uint8Array;
}

export class ScramExchange extends Referenceable {
  readonly #session: LoginSession;
  readonly #since: number;
  #begun: Begun | undefined;

  constructor(session: LoginSession, begun: Begun) {
    super();
    this.#session = session;
    this.#begun = begun;
    this.#since = session.settings.clock.now();
  }

  /** Takes the client's last message; gives the server's own proof and the avatar. */
  async remote_prove(clientFinal: unknown, mind: unknown): Promise<Tuple<[string, Referenceable]>> {
    const begun = this.#begun;
    this.#begun = undefined;
    let serverFinal = "";
    const avatar = await this.#session.attempt("scram", begun?.first.username, mind, async () => {
      if (begun === undefined) throw new LoginExchangeError("a login takes one proof");
      const { clock } = this.#session.settings;
      if (clock.now() - this.#since > lifetime) throw new LoginExchangeError("the login took too long");
      const proved = await checkProof(this.#session, begun, clientFinal);
      serverFinal = proved.serverFinal;
      return proved.principal;
    });
    return tuple(serverFinal, avatar);
  }
}

async function checkProof(
  { settings: { crypto }, host }: LoginSession,
  { first, user, nonce, serverFirst, bindingInput }: Begun,
  clientFinal: unknown,
): Promise<{ principal: unknown; serverFinal: string }> {
  const final = readClientFinal(clientFinal);
  if (final.nonce !== nonce) throw new LoginExchangeError("the nonce is not that of this login");
  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const signature = await serverSignature(crypto, user.verifier.serverKey, authMessage);
  const fits = await proofFits(crypto, user.verifier.storedKey, authMessage, final.proof);
  if (!fits || user.principal === undefined) throw new UnauthorizedLogin();
  // From here on it is the user who said these things; they are told apart from a wrong password on purpose.
  if (!crypto.equal(final.bindingInput, bindingInput)) {
    throw new DowngradeDetected("the client is at the other end of another TLS connection");
  }
  if (first.dialects !== dialectsText(host.dialects)) {
    throw new DowngradeDetected("the client saw other dialects than this server offered");
  }
  return { principal: user.principal.value, serverFinal: writeServerFinal(signature) };
}
