// What a Portal asks of a connection beside what every login does: who the peer is, and how an avatar is handed out. Servers only.
import type { LoginHost, LoginPeer, PortalHost } from "../cred/portal-host.ts";
import { AvatarReference, type IPerspective } from "../flavors/avatar.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Connection } from "./connection.ts";

export class PortalHostOfConnection implements PortalHost {
  readonly peer: LoginPeer;
  readonly secure: boolean;
  readonly bindable: boolean;
  readonly #connection: Connection;
  readonly #host: LoginHost;

  constructor(connection: Connection) {
    const { peer, loginHost } = connection;
    this.peer = peer;
    this.secure = loginHost.secure;
    this.bindable = loginHost.bindable ?? false;
    this.#connection = connection;
    this.#host = loginHost;
  }

  get dialects(): readonly string[] {
    return this.#host.dialects;
  }

  channelBinding(): Uint8Array | undefined {
    return this.#host.channelBinding();
  }

  /** An avatar that can be sent by itself is (spec §6.2); any other goes in a wrapper of its own for each login. */
  avatarReference(avatar: object, principal: unknown, logout: () => void): Referenceable {
    const reference = avatar instanceof Referenceable ? avatar : new AvatarReference(perspective(avatar), principal);
    this.#connection.whenForgotten(reference, logout);
    return reference;
  }

  onDisconnect(fn: () => void): Disposable {
    return this.#connection.on("close", fn);
  }
}

function perspective(avatar: object): IPerspective {
  if (typeof (avatar as Partial<IPerspective>).perspectiveMessageReceived === "function") return avatar as IPerspective;
  const name = avatar.constructor?.name || "an unnamed class";
  throw new TypeError(`requestAvatar gave an instance of ${name}: an avatar is an Avatar, or a Referenceable`);
}
