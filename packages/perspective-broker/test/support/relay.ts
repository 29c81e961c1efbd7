// A wire between two ends of ours that carries whole messages, one at a time, and can be cut at any of them. Dialect `none`.
import {
  type Connection,
  type ConnectOptions,
  connect,
  memoryPair,
  type Server,
  type Transport,
} from "../../src/index.ts";
import { decode } from "./raw-peer.ts";

export type Cut = "closed" | "aborted" | "aborted in the middle of a message";

export class Relay {
  /** Messages carried so far, both directions together. */
  carried = 0;
  readonly #limit: number;
  readonly #how: Cut;
  readonly #client: Transport;
  readonly #server: Transport;
  readonly #outer: [Transport, Transport];
  #over = false;

  /** Is cut when `limit` messages have been carried. */
  constructor(limit: number, how: Cut) {
    this.#limit = limit;
    this.#how = how;
    const [clientEnd, client] = memoryPair();
    const [serverEnd, server] = memoryPair();
    this.#client = client;
    this.#server = server;
    this.#outer = [clientEnd, serverEnd];
  }

  /** Connects a client to `server` over this wire. */
  connect<T>(server: Server, options: ConnectOptions): Promise<Connection<T>> {
    const [clientEnd, serverEnd] = this.#outer;
    this.#carry(this.#client, this.#server);
    this.#carry(this.#server, this.#client);
    server.accept(serverEnd);
    const connecting = connect<T>(clientEnd, options);
    if (this.#limit === 0) this.#cut(undefined, undefined);
    return connecting;
  }

  #carry(from: Transport, to: Transport): void {
    let rest = new Uint8Array(0);
    from.start({
      data: (chunk) => {
        rest = Buffer.concat([rest, chunk]);
        for (;;) {
          if (this.#over) return;
          const found = decode(rest, 0);
          if (found === undefined) return;
          const message = rest.subarray(0, found.end);
          rest = rest.subarray(found.end);
          to.write(message);
          if (++this.carried === this.#limit) this.#cut(to, decode(rest, 0) && rest);
        }
      },
      drain: () => {},
      closed: () => {
        this.#over = true;
        to.close();
      },
    });
  }

  #cut(to: Transport | undefined, next: Uint8Array | undefined): void {
    this.#over = true;
    if (this.#how === "aborted in the middle of a message") {
      to?.write(next === undefined ? Uint8Array.of(7) : next.slice(0, 3));
      // What was written is to arrive before the end does.
      setImmediate(() => this.#abort());
    } else if (this.#how === "aborted") this.#abort();
    else {
      this.#client.close();
      this.#server.close();
    }
  }

  #abort(): void {
    this.#client.abort();
    this.#server.abort();
  }
}
