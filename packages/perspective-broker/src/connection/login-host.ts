// What a login asks of the connection that it runs on: what was greeted, and what only the two ends know.
import type { LoginHost } from "../cred/portal-host.ts";
import type { Transport } from "../transport/transport.ts";

export class LoginHostOfConnection implements LoginHost {
  readonly secure: boolean;
  readonly bindable: boolean;
  readonly #transport: Transport;
  readonly #session: { readonly greeting: readonly string[] };

  /** The session has the dialects of the server's greeting, after the negotiation. */
  constructor(transport: Transport, session: { readonly greeting: readonly string[] }) {
    this.secure = transport.channelBinding !== undefined || transport.peer.scheme === "tls";
    this.bindable = transport.channelBinding !== undefined;
    this.#transport = transport;
    this.#session = session;
  }

  get dialects(): readonly string[] {
    return this.#session.greeting;
  }

  channelBinding(): Uint8Array | undefined {
    return this.#transport.channelBinding?.();
  }
}
