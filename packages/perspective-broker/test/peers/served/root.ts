// The root object of the interop interface (README.md, "Port 1"): one for each connection, with counters of its own. What it
// sends and takes by other ways than by value and by reference is in root-objects.ts.
import { setTimeout as pause } from "node:timers/promises";
import {
  type Connection,
  currentCall,
  Keywords,
  type ParameterNames,
  RemoteReference,
  type Tuple,
  tuple,
} from "perspective-broker";
import { KnownError, PeerError, PeerError2, ZeroDivisionError } from "../wire-errors.ts";
import { add } from "./add.ts";
import { borrow, countedIn, keep, release } from "./borrower.ts";
import { kindOf } from "./kind.ts";
import { RootObjects } from "./root-objects.ts";
import type { Shared } from "./shared.ts";
import { Two } from "./two.ts";

export class PeerRoot extends RootObjects {
  static override readonly parameters: ParameterNames<PeerRoot> = {
    echo: ["x"],
    kind: ["x"],
    add: ["a", "b"],
    same: ["a", "b"],
    selfContaining: ["l"],
    makeCircular: [],
    makeShared: [],
    bigBytes: ["n"],
    later: ["seconds", "x"],
    getTwo: [],
    newTwo: [],
    checkTwo: ["two"],
    checkRoot: ["root"],
    takeTwo: ["two"],
    keep: ["ref"],
    getKept: [],
    dropKept: [],
    liveRefs: [],
    broken: [],
    brokenLater: [],
    broken2: [],
    broken2Later: [],
    brokenKnown: [],
    brokenKnownLater: [],
    zeroDivide: [],
    poke: ["x"],
    pokeAndFail: ["x"],
    getPokes: [],
    watchMe: ["ref"],
    disconnectsSeen: [],
    hangup: [],
  };

  readonly #connection: Connection;
  readonly #shared: Shared;
  readonly #two = new Two();
  readonly #pokes: unknown[] = [];
  #kept: unknown[] = [];

  constructor(connection: Connection, shared: Shared) {
    super(shared);
    this.#connection = connection;
    this.#shared = shared;
  }

  // ---- values

  remote_echo(x: unknown): unknown {
    return x;
  }

  remote_echoKw(...args: unknown[]): Tuple<[Tuple, Map<string, unknown>]> {
    const keywords = args.at(-1) instanceof Keywords ? (args.pop() as Keywords) : [];
    return tuple(tuple(...args), new Map(keywords));
  }

  remote_kind(x: unknown): string {
    return kindOf(x);
  }

  remote_add(a: unknown, b: unknown): unknown {
    return add(a, b);
  }

  remote_same(a: unknown, b: unknown): boolean {
    return a === b;
  }

  remote_selfContaining(l: unknown[]): boolean {
    return l[0] === l;
  }

  remote_makeCircular(): unknown[] {
    const circular: unknown[] = [1];
    circular.push(circular);
    return circular;
  }

  remote_makeShared(): unknown[] {
    const a = ["a"];
    const b = { k: a };
    return [a, b, b, a];
  }

  remote_bigBytes(n: number): Uint8Array {
    return new Uint8Array(n).fill("x".charCodeAt(0));
  }

  async remote_later(seconds: number, x: unknown): Promise<unknown> {
    await pause(Number(seconds) * 1000);
    return x;
  }

  // ---- references

  remote_getTwo(): Two {
    return this.#two;
  }

  remote_newTwo(): Two {
    return new Two();
  }

  remote_checkTwo(two: unknown): boolean {
    return two === this.#two;
  }

  remote_checkRoot(root: unknown): boolean {
    return root === this;
  }

  remote_takeTwo(two: Two | RemoteReference): Promise<unknown> {
    return this.remote_callBack(two, "print", 12);
  }

  async remote_callBack(ref: Two | RemoteReference, name: string, ...rest: unknown[]): Promise<unknown> {
    const answer = await (ref as RemoteReference).callRemote(name, ...rest);
    if (ref instanceof RemoteReference) borrow(answer);
    return answer;
  }

  remote_keep(ref: unknown): number {
    keep(ref);
    return this.#kept.push(ref);
  }

  remote_getKept(): unknown[] {
    return this.#kept;
  }

  remote_dropKept(): void {
    release(countedIn(this.#kept));
    this.#kept = [];
  }

  remote_liveRefs(): number {
    return currentCall().connection.inspect().exports.length;
  }

  // ---- errors

  remote_broken(): never {
    throw new PeerError("fall down go boom");
  }

  async remote_brokenLater(): Promise<never> {
    throw new PeerError("fall down later");
  }

  remote_broken2(): never {
    throw new PeerError2("hadda owie");
  }

  async remote_broken2Later(): Promise<never> {
    throw new PeerError2("owie later");
  }

  remote_brokenKnown(): never {
    throw new KnownError(42);
  }

  async remote_brokenKnownLater(): Promise<never> {
    throw new KnownError(43);
  }

  remote_zeroDivide(): never {
    throw new ZeroDivisionError("integer division or modulo by zero");
  }

  // ---- one way

  remote_poke(x: unknown): string {
    keep(x);
    this.#pokes.push(x);
    return "this is thrown away";
  }

  remote_pokeAndFail(x: unknown): never {
    keep(x);
    this.#pokes.push(x);
    throw new PeerError("nobody hears this");
  }

  remote_getPokes(): unknown[] {
    return this.#pokes;
  }

  // ---- connection

  remote_watchMe(ref: RemoteReference): boolean {
    ref.onDisconnect(() => {
      this.#shared.disconnects++;
      this.#kept = [];
    });
    keep(ref);
    this.#kept.push(ref);
    return true;
  }

  remote_disconnectsSeen(): number {
    return this.#shared.disconnects;
  }

  remote_hangup(): Promise<never> {
    void this.#connection.close();
    return new Promise(() => {});
  }
}
