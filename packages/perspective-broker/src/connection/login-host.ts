// What cred asks of a connection, answered by one: who the peer is, what was greeted, what only the two ends know, and how an
// avatar is handed out.
import type { Broker } from "../broker/broker.ts";
import type { LoginPeer, PortalHost } from "../cred/portal-host.ts";
import { AvatarReference, type IPerspective } from "../flavors/avatar.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Transport } from "../transport/transport.ts";

export class LoginHostOfConnection implements PortalHost {
  readonly peer: LoginPeer;
  readonly secure: boolean;
  readonly bindable: boolean;
  readonly #transport: Transport;
  readonly #greeting: () => readonly string[];
  readonly #broker: () => Broker;
  readonly #whenEnded: (fn: () => void) => Disposable;

  /**
   * `greeting` gives the dialects of the server's greeting; it and `broker` are called after the negotiation only. `whenEnded`
   * calls a function when the connection has ended, be it in the negotiation: a Portal asks for that before.
   */
  constructor(
    transport: Transport,
    greeting: () => readonly string[],
    broker: () => Broker,
    whenEnded: (fn: () => void) => Disposable,
  ) {
    this.peer = transport.peer;
    this.secure = transport.channelBinding !== undefined || transport.peer.scheme === "tls";
    this.bindable = transport.channelBinding !== undefined;
    this.#transport = transport;
    this.#greeting = greeting;
    this.#broker = broker;
    this.#whenEnded = whenEnded;
  }

  get dialects(): readonly string[] {
    return this.#greeting();
  }

  channelBinding(): Uint8Array | undefined {
    return this.#transport.channelBinding?.();
  }

  /** An avatar that can be sent by itself is (spec §6.2); any other goes in a wrapper of its own for each login. */
  avatarReference(avatar: object, principal: unknown, logout: () => void): Referenceable {
    const reference = avatar instanceof Referenceable ? avatar : new AvatarReference(perspective(avatar), principal);
    this.#broker().whenForgotten(reference, logout);
    return reference;
  }

  onDisconnect(fn: () => void): Disposable {
    return this.#whenEnded(fn);
  }
}

function perspective(avatar: object): IPerspective {
  if (typeof (avatar as Partial<IPerspective>).perspectiveMessageReceived === "function") return avatar as IPerspective;
  const name = avatar.constructor?.name || "an unnamed class";
  throw new TypeError(`requestAvatar gave an instance of ${name}: an avatar is an Avatar, or a Referenceable`);
}
