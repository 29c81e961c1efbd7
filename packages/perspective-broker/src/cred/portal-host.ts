// What a login needs of the connection that it runs on. The connection implements it: cred is below it and knows no connection.
import type { Referenceable } from "../flavors/referenceable.ts";

/** Who is at the other end, as the transport knows it. */
export interface LoginPeer {
  readonly scheme: string;
  readonly address: string;
  /** TLS: Node's `getPeerCertificate(true)`. */
  readonly certificate?: unknown;
  /** TLS: whether the certificate was verified against an authority that this side trusts. */
  readonly authorized?: boolean;
}

/** What both sides of a login need. */
export interface LoginHost {
  /** The dialects of the server's greeting, as this side sent or saw them. */
  readonly dialects: readonly string[];
  /** Nobody can read along: TLS. */
  readonly secure: boolean;
  /**
   * What only the two ends of this TLS connection know (RFC 9266, `tls-exporter`): 32 bytes, or undefined where the transport
   * has none. In Node, with TLS 1.3: `socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))`.
   */
  channelBinding(): Uint8Array | undefined;
  /** The transport could give these bytes, though it may not here: TLS before 1.3 has none. */
  readonly bindable?: boolean;
}

/** What a Portal needs of one connection. */
export interface PortalHost extends LoginHost {
  readonly peer: LoginPeer;
  /**
   * Exports the avatar for the peer: what a method returns to hand it out. `logout` runs exactly once: when the peer's last
   * receipt is back, or when the connection ends.
   */
  avatarReference(avatar: object, principal: unknown, logout: () => void): Referenceable;
  /** Calls `fn` once when the connection has ended. */
  onDisconnect(fn: () => void): Disposable;
}
