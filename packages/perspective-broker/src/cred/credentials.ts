// What a client logs in with, and what a checker is shown of it. Secrets are private fields: no inspection, no JSON and no
// error message prints them.
import { joined, utf8 } from "./bytes.ts";
import type { LoginCrypto } from "./crypto.ts";

/**
 * The kinds of credentials that the library knows; an application may have others.
 * `scram`: name and password, proved by SCRAM-SHA-256. `md5`: Twisted's challenge and response. `plain`: the password itself,
 * `bearer`: a token, both over TLS only. `certificate`: the client's TLS certificate. `anonymous`: nothing.
 */
export type CredentialKind = "scram" | "md5" | "plain" | "bearer" | "certificate" | "anonymous" | (string & {});

/** Something to log in with. */
export interface Credentials {
  /** What it can be taken as. A Portal takes the first one that it has a checker for, in the order of its checkers. */
  readonly kinds: readonly CredentialKind[];
}

/** A user's name and password. The password never leaves this side: SCRAM-SHA-256, or MD5 where that is allowed. */
export class UsernamePassword implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["scram", "md5"];
  readonly username: string;
  readonly #password: string;

  constructor(username: string | Uint8Array, password: string) {
    this.username = nameFrom(username);
    this.#password = secretFrom("password", password);
  }

  get password(): string {
    return this.#password;
  }
}

/** A user's name and password, told to the server as they are: over TLS only. For checkers that need the password itself. */
export class PlainPassword implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["plain"];
  readonly username: string;
  readonly #password: string;

  constructor(username: string | Uint8Array, password: string) {
    this.username = nameFrom(username);
    this.#password = secretFrom("password", password);
  }

  get password(): string {
    return this.#password;
  }
}

/** Nobody in particular. */
export class Anonymous implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["anonymous"];
}

/** A token that somebody else issued, a JWT for instance: over TLS only. */
export class BearerToken implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["bearer"];
  readonly #token: string;

  constructor(token: string) {
    this.#token = secretFrom("token", token);
  }

  get token(): string {
    return this.#token;
  }
}

/** The certificate that this client shows in TLS. */
export class ClientCertificate implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["certificate"];
}

/** An application's own: `payload` is sent, over TLS only, to the checker that serves `kind`. */
export class CustomCredentials implements Credentials {
  readonly kinds: readonly CredentialKind[];
  readonly #payload: unknown;

  constructor(kind: CredentialKind, payload: unknown) {
    this.kinds = [kind];
    this.#payload = payload;
  }

  get payload(): unknown {
    return this.#payload;
  }
}

/** What a checker of kind `certificate` is shown: Node's object, verified. */
export class PeerCertificate implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["certificate"];
  readonly certificate: unknown;

  constructor(certificate: unknown) {
    this.certificate = certificate;
  }
}

/** What a checker of kind `md5` is shown, as in Twisted: a name, and an answer to the challenge. */
export class HashedPassword implements Credentials {
  readonly kinds: readonly CredentialKind[] = ["md5"];
  readonly username: string;
  readonly #crypto: LoginCrypto;
  readonly #challenge: Uint8Array;
  readonly #response: Uint8Array;

  constructor(crypto: LoginCrypto, username: string, challenge: Uint8Array, response: Uint8Array) {
    this.#crypto = crypto;
    this.username = username;
    this.#challenge = challenge;
    this.#response = response;
  }

  checkPassword(password: string | Uint8Array): boolean {
    const bytes = typeof password === "string" ? utf8(password) : password;
    return this.checkMD5Password(this.#crypto.md5(bytes));
  }

  /** The MD5 digest of the password, 16 bytes. */
  checkMD5Password(digest: Uint8Array): boolean {
    return this.#crypto.equal(this.#crypto.md5(joined(digest, this.#challenge)), this.#response);
  }
}

function nameFrom(name: string | Uint8Array): string {
  if (typeof name === "string") return name;
  if (name instanceof Uint8Array) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  throw new TypeError("a user name is a text, or its bytes in UTF-8");
}

function secretFrom(what: string, secret: unknown): string {
  if (typeof secret === "string") return secret;
  throw new TypeError(`the ${what} must be a text`);
}
