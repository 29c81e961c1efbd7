// A root for tests of the wire: it gives back what it gets, holds what it is told to hold, and counts.
import { Referenceable, type RemoteReference, Root } from "../../../src/index.ts";
import { Stock } from "../../peers/wire-caches.ts";

export class Two extends Referenceable {
  remote_three(n: unknown): unknown {
    return n;
  }
}

export class Echo extends Root {
  /** The arguments of every call of `note`. */
  readonly noted: unknown[][] = [];
  readonly two = new Two();
  readonly stock = new Stock("ACME", 10);

  remote_echo(x: unknown): unknown {
    return x;
  }

  remote_all(...args: unknown[]): unknown {
    return args;
  }

  remote_note(...args: unknown[]): void {
    this.noted.push(args);
  }

  remote_getTwo(): Two {
    return this.two;
  }

  remote_isTwo(two: unknown): boolean {
    return two === this.two;
  }

  remote_getStock(): Stock {
    return this.stock;
  }

  remote_isStock(stock: unknown): boolean {
    return stock === this.stock;
  }

  remote_call(ref: RemoteReference, name: string, ...args: unknown[]): unknown {
    return ref.callRemote(name, ...args);
  }

  remote_never(): Promise<never> {
    return new Promise(() => {});
  }
}
