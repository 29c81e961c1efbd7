// Where users come in: who they are is decided by checkers, what they get by a realm. A Portal is served like a root; each
// connection gets an object with the methods of all logins.
import type { Referenceable } from "../flavors/referenceable.ts";
import { type Checker, isUserStore } from "./checker.ts";
import type { CredentialKind } from "./credentials.ts";
import { LoginSession } from "./login-session.ts";
import type { PortalHost } from "./portal-host.ts";
import { PortalRoot } from "./portal-root.ts";
import { type PortalOptions, type PortalSettings, portalSettings, type Realm } from "./portal-settings.ts";

/** Joins checkers and a realm: `listen(new Portal(realm, { checkers: [store] }), address)`. */
export class Portal {
  readonly #settings: PortalSettings;
  readonly #md5: boolean;

  constructor(realm: Realm, options: PortalOptions = {}) {
    this.#settings = portalSettings(realm, options);
    this.#md5 = options.md5 ?? false;
    for (const checker of options.checkers ?? []) this.registerChecker(checker);
  }

  /** Lets a checker serve these kinds, by default all that it names, in the place of those that served them before. */
  registerChecker(checker: Checker, kinds: readonly CredentialKind[] = checker.kinds): void {
    for (const kind of kinds) {
      if (!(checker.kinds as readonly string[]).includes(kind))
        throw new TypeError(`the checker does not serve ${kind}`);
      if (kind === "scram" && !isUserStore(checker)) throw new TypeError("only a store with findUser can serve scram");
      if (kind === "md5" && !this.#md5) continue;
      this.#settings.checkers.set(kind, checker);
    }
  }

  /** The object that is published as `root` for one connection. */
  rootObject(host: PortalHost): Referenceable {
    return new PortalRoot(new LoginSession(this.#settings, host));
  }
}
