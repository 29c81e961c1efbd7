// Where the users of the interop interface log in (README.md, "Port 2").
import { ANONYMOUS, allowAnonymous, MemoryUsers, Portal, type PortalOptions } from "perspective-broker";
import type { Shared } from "./shared.ts";
import { User } from "./user.ts";

/** alice, bob and everybody else. */
export function peerPortal(shared: Shared, options: PortalOptions = {}): Portal {
  const requestAvatar = (principal: unknown, mind: unknown) => {
    const avatar = new User(principal === ANONYMOUS ? "anonymous" : String(principal), mind, shared);
    return { avatar, logout: () => avatar.logout() };
  };
  return new Portal(
    { requestAvatar },
    {
      checkers: [new MemoryUsers({ alice: "secret", bob: "hunter2" }), allowAnonymous()],
      // Whoever tests a client tries wrong passwords as often as it takes, and Twisted's clients know nothing but MD5.
      rateLimit: false,
      md5: true,
      ...options,
    },
  );
}
