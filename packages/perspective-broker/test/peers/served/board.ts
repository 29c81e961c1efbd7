// The object that all users share (README.md, "Port 2"): each sees it from a perspective.
import { Keywords, type Tuple, tuple, Viewable } from "perspective-broker";
import { PeerError } from "../wire-errors.ts";
import { lending } from "./borrower.ts";
import type { User } from "./user.ts";

export class Board extends Viewable {
  view_who(user: User, ...args: unknown[]): unknown {
    return lending(args, (): Tuple => {
      const keywords = args.at(-1) instanceof Keywords ? (args.pop() as Keywords) : [];
      return tuple(user.name, tuple(...args), new Map(keywords));
    });
  }

  view_fail(user: User): never {
    throw new PeerError(`not for ${new TextDecoder().decode(user.name)}`);
  }
}
