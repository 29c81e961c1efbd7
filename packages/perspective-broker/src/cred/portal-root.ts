// What a client of a Portal sees first: the methods of all ways to log in. `login` and `loginAnonymous` are Twisted's (spec §8),
// `loginScram` and `loginWith` our own.
import { InsecureLogin, LoginExchangeError, UnauthorizedLogin } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { type Tuple, tuple } from "../values/tuple.ts";
import { isUserStore } from "./checker.ts";
import {
  Anonymous,
  BearerToken,
  type Credentials,
  CustomCredentials,
  PeerCertificate,
  PlainPassword,
} from "./credentials.ts";
import type { LoginSession } from "./login-session.ts";
import { Challenger } from "./md5-login.ts";
import { plainPasswordFits } from "./plain-login.ts";
import { beginScram, type ScramExchange } from "./scram-exchange.ts";

export class PortalRoot extends Referenceable {
  readonly #session: LoginSession;

  constructor(session: LoginSession) {
    super();
    this.#session = session;
  }

  /** Twisted's: the name is bytes or a text; gives the challenge and what answers it (spec §8.1). */
  remote_login(username: unknown): Tuple<[Uint8Array, Challenger]> {
    const checker = this.#session.checkerFor(["md5"]);
    this.#session.checkLimit();
    const challenge = this.#session.settings.crypto.random(16);
    return tuple(challenge, new Challenger(this.#session, checker, nameFromWire(username), challenge));
  }

  /** Twisted's (spec §8.2). */
  remote_loginAnonymous(mind: unknown): Promise<Referenceable> {
    return this.#session.attempt("anonymous", undefined, mind, () => this.#ask(new Anonymous()));
  }

  /** SCRAM-SHA-256: takes the client's first message, gives the server's and what takes the client's last. */
  async remote_loginScram(clientFirst: unknown): Promise<Tuple<[string, ScramExchange]>> {
    return tuple(...(await beginScram(this.#session, clientFirst)));
  }

  /** All that is said in one message, over TLS only: a password, a token, a certificate, credentials of one's own. */
  async remote_loginWith(kind: unknown, payload: unknown, mind: unknown): Promise<Referenceable> {
    const label = typeof kind === "string" ? kind.slice(0, 200) : "";
    const username = kind === "plain" && Array.isArray(payload) ? nameFromWire(payload[0]) : undefined;
    return this.#session.attempt(label, username, mind, async () => this.#ask(this.#credentials(kind, payload)));
  }

  #credentials(kind: unknown, payload: unknown): Credentials {
    const { secure, peer } = this.#session.host;
    if (typeof kind !== "string" || kind.length > 200) throw new LoginExchangeError("a kind of credentials is a text");
    if (!secure) throw new InsecureLogin(`credentials of kind ${kind} are taken over TLS only`);
    switch (kind) {
      case "scram":
      case "md5":
      case "anonymous":
        throw new LoginExchangeError(`${kind} has a method of its own`);
      case "bearer":
        return new BearerToken(textFromWire(payload, tokenLimit));
      case "plain":
        if (!Array.isArray(payload)) throw malformed();
        return new PlainPassword(nameFromWire(payload[0]) ?? "", textFromWire(payload[1], passwordLimit));
      case "certificate":
        if (peer.certificate === undefined || peer.authorized !== true) throw new UnauthorizedLogin();
        return new PeerCertificate(peer.certificate);
      default:
        return new CustomCredentials(kind, payload);
    }
  }

  async #ask(credentials: Credentials): Promise<unknown> {
    const checker = this.#session.checkerFor(credentials.kinds);
    if (!isUserStore(checker)) return checker.requestAvatarId(credentials, this.#session.host.peer);
    if (credentials instanceof PlainPassword) return plainPasswordFits(this.#session, checker, credentials);
    throw new UnauthorizedLogin();
  }
}

const nameLimit = 1024;
const passwordLimit = 4096;
const tokenLimit = 65_536;

/** A user's name; undefined for what nobody can be called. */
function nameFromWire(name: unknown): string | undefined {
  if (typeof name === "string") return name.length <= nameLimit ? name : undefined;
  if (!(name instanceof Uint8Array) || name.length > nameLimit) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return undefined;
  }
}

function textFromWire(text: unknown, limit: number): string {
  if (typeof text === "string" && text.length <= limit) return text;
  throw malformed();
}

function malformed(): LoginExchangeError {
  return new LoginExchangeError("the credentials are malformed");
}
