// The object that the client offers (README.md, "What the client offers").
import { Keywords, Referenceable, type Tuple, tuple } from "perspective-broker";
import { PeerError } from "../wire-errors.ts";

export class ClientTwo extends Referenceable {
  readonly printed: unknown[] = [];

  remote_print(arg: number): string {
    this.printed.push(arg);
    return `printed ${arg}`;
  }

  remote_hello(...args: unknown[]): Tuple {
    const keywords = args.at(-1) instanceof Keywords ? (args.pop() as Keywords).toObject() : {};
    return tuple("hello", tuple(...args), keywords);
  }

  remote_broken(): never {
    throw new PeerError("client boom");
  }
}
