// What a login asks of the connection that it runs on: what was greeted, and what only the two ends know.
import type { LoginHost } from "../cred/portal-host.ts";
import type { Transport } from "../transport/transport.ts";

export class LoginHostOfConnection implements LoginHost {
  readonly secure: boolean;
  readonly bindable: boolean;
  readonly #transport: Transport;
  readonly #greeting: () => readonly string[];

  /** `greeting` gives the dialects of the server's greeting; it is called after the negotiation only. */
  constructor(transport: Transport, greeting: () => readonly string[]) {
    this.secure = transport.channelBinding !== undefined || transport.peer.scheme === "tls";
    this.bindable = transport.channelBinding !== undefined;
    this.#transport = transport;
    this.#greeting = greeting;
  }

  get dialects(): readonly string[] {
    return this.#greeting();
  }

  channelBinding(): Uint8Array | undefined {
    return this.#transport.channelBinding?.();
  }
}
