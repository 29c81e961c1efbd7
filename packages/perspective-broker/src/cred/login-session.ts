// The logins of one connection: what all kinds have in common before and after the comparing. Finds the checker, counts failures
// by address, asks the realm, hands out the avatar. Knows no kind of credentials.
import { LoginFailed, PBError, TooManyLogins, UnauthorizedLogin, UnhandledCredentials } from "../errors.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import type { Awaitable, Checker } from "./checker.ts";
import type { CredentialKind } from "./credentials.ts";
import { addressKey } from "./peer-address.ts";
import type { PortalHost } from "./portal-host.ts";
import type { LoginEvent, PortalSettings } from "./portal-settings.ts";

export class LoginSession {
  readonly settings: PortalSettings;
  readonly host: PortalHost;
  readonly #address: string;
  #ended = false;

  constructor(settings: PortalSettings, host: PortalHost) {
    this.settings = settings;
    this.host = host;
    this.#address = addressKey(host.peer);
    host.onDisconnect(() => {
      this.#ended = true;
    });
  }

  /** The checker that serves the first of its kinds that is among these. Throws UnhandledCredentials (spec §8.3). */
  checkerFor(kinds: readonly CredentialKind[]): Checker {
    for (const [kind, checker] of this.settings.checkers) if (kinds.includes(kind)) return checker;
    throw new UnhandledCredentials(`No checker for ${kinds.map((kind) => wireKinds.get(kind) ?? kind).join(", ")}`);
  }

  /** Asks a checker or store. What it throws that is no answer to a login is logged, and the peer hears nothing of it. */
  async ask<T>(question: () => Awaitable<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (error instanceof LoginFailed || error instanceof PBError) throw error;
      this.settings.fault("a checker of logins failed", error);
      throw new LoginFailed("logins cannot be checked now");
    }
  }

  /** Throws TooManyLogins while this address is refused. */
  checkLimit(): void {
    this.settings.limiter?.check(this.#address);
  }

  /**
   * Logs in: `verify` gives the principal or throws; UnauthorizedLogin counts as a failure of this address. The mind belongs to
   * the realm from then on; before, it is given back.
   */
  async attempt(
    kind: CredentialKind,
    username: string | undefined,
    mind: unknown,
    verify: () => Promise<unknown>,
  ): Promise<Referenceable> {
    const tell = (outcome: LoginEvent["outcome"]) =>
      this.settings.tell({ outcome, kind, username, address: this.host.peer.address });
    let isRealms = false;
    try {
      const principal = await this.#limited(verify);
      isRealms = true;
      const avatar = await this.#enter(principal, mind);
      tell("accepted");
      return avatar;
    } catch (error) {
      if (!isRealms && mind instanceof RemoteReference) mind.release();
      tell(error instanceof TooManyLogins ? "limited" : error instanceof UnauthorizedLogin ? "refused" : "failed");
      throw error;
    }
  }

  async #limited(verify: () => Promise<unknown>): Promise<unknown> {
    const ended = await this.settings.limiter?.admit(this.#address);
    try {
      const principal = await this.ask(verify);
      ended?.("passed");
      return principal;
    } catch (error) {
      ended?.(error instanceof UnauthorizedLogin ? "failed" : "undecided");
      throw error;
    }
  }

  async #enter(principal: unknown, mind: unknown): Promise<Referenceable> {
    // Nobody is nobody: a store's NULL is no user.
    if (principal === undefined || principal === null) throw new UnauthorizedLogin();
    if (this.#ended) throw new LoginFailed("the connection ended before the login was answered");
    const login = await this.settings.realm.requestAvatar(principal, mind);
    if (typeof login?.avatar !== "object" || login.avatar === null) {
      throw new TypeError("requestAvatar must give { avatar, logout }");
    }
    const logout = onlyOnce(
      () => login.logout?.(),
      (error) => this.settings.fault("a logout failed", error),
    );
    try {
      // The peer went while the realm was thinking: nobody will ever release this avatar.
      if (this.#ended) throw new LoginFailed("the connection ended before the login was answered");
      return this.host.avatarReference(login.avatar, principal, logout);
    } catch (error) {
      logout();
      throw error;
    }
  }
}

/** What a missing checker is called in the error: Twisted's names where it has one (spec §7.4). */
const wireKinds = new Map([
  ["anonymous", "twisted.cred.credentials.IAnonymous"],
  ["md5", "twisted.cred.credentials.IUsernameHashedPassword"],
  ["plain", "twisted.cred.credentials.IUsernamePassword"],
  ["scram", "SCRAM-SHA-256"],
]);

/** A function that runs the first time only, and whose failure, now or later, is told and goes nowhere else. */
function onlyOnce(fn: () => unknown, failed: (error: unknown) => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    try {
      Promise.resolve(fn()).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
