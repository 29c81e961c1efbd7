// The avatar of the interop interface (README.md, "Port 2"), one for each login.
import {
  Avatar,
  Keywords,
  type ParameterNames,
  RemoteReference,
  type Tuple,
  tuple,
  type Viewable,
  ViewPoint,
} from "perspective-broker";
import { PerUser } from "../wire-copies.ts";
import { PeerError, PeerError2 } from "../wire-errors.ts";
import { borrow, lending } from "./borrower.ts";
import type { Shared } from "./shared.ts";

export class User extends Avatar {
  static readonly parameters: ParameterNames<User> = {
    whoami: [],
    getBoard: [],
    isBoard: ["view"],
    getPerUser: ["owner"],
    mindIs: [],
    broken: [],
    broken2: [],
    logouts: [],
  };

  readonly name: Uint8Array;
  readonly #mind: unknown;
  readonly #shared: Shared;

  constructor(name: string, mind: unknown, shared: Shared) {
    super();
    this.name = new TextEncoder().encode(name);
    this.#mind = mind;
    this.#shared = shared;
  }

  override perspectiveMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    return lending([args, keywords], () => super.perspectiveMessageReceived(message, args, keywords));
  }

  logout(): void {
    this.#shared.logouts.push(this.name);
    if (this.#mind instanceof RemoteReference) this.#mind.release();
  }

  perspective_whoami(): Uint8Array {
    return this.name;
  }

  perspective_echo(...args: unknown[]): Tuple<[Tuple, Map<string, unknown>]> {
    const keywords = args.at(-1) instanceof Keywords ? (args.pop() as Keywords) : [];
    return tuple(tuple(...args), new Map(keywords));
  }

  perspective_getBoard(): Viewable {
    return this.#shared.board;
  }

  perspective_isBoard(view: unknown): boolean {
    return view instanceof ViewPoint && view.object === this.#shared.board && view.perspective === this;
  }

  perspective_getPerUser(owner: Uint8Array): PerUser {
    return new PerUser(owner, `the secret of ${new TextDecoder().decode(owner)}`);
  }

  async perspective_callMind(name: string, ...args: unknown[]): Promise<unknown> {
    const answer = await (this.#mind as RemoteReference).callRemote(name, ...args);
    borrow(answer);
    return answer;
  }

  perspective_mindIs(): unknown {
    return this.#mind;
  }

  perspective_broken(): never {
    throw new PeerError("perspective boom");
  }

  perspective_broken2(): never {
    throw new PeerError2("perspective owie");
  }

  perspective_logouts(): Uint8Array[] {
    return this.#shared.logouts;
  }
}
