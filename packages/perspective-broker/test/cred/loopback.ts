// A Portal and a client without a connection between them: a reference whose calls are plain function calls. Errors cross as
// they do on the wire, objects become references, receipts are counted, and time and randomness are the test's.
import { expect } from "vitest";
import { login } from "../../src/cred/login.ts";
import { DeadReferenceError } from "../../src/errors.ts";
import { Referenceable } from "../../src/flavors/referenceable.ts";
import {
  type Credentials,
  type LoginOptions,
  type LoginPeer,
  type Portal,
  type PortalHost,
  type Realm,
  RemoteReference,
} from "../../src/index.ts";
import type { Conversation, Target } from "../../src/references/conversation.ts";
import { pending } from "../../src/references/remote-result.ts";
import { tuple } from "../../src/values/tuple.ts";
import { failureFromState, failureState } from "../../src/wire/jelly/failure.ts";

export interface LinkOptions {
  readonly peer?: LoginPeer;
  readonly secure?: boolean;
  /** The bytes of the server's end of TLS, and of the client's if they differ. */
  readonly binding?: Uint8Array;
  readonly clientBinding?: Uint8Array | null;
  readonly dialects?: readonly string[];
  readonly clientDialects?: readonly string[];
  /** Changes what the server answers, as somebody between the two could. */
  readonly tamper?: (method: string, result: unknown) => unknown;
}

export class Link implements Conversation {
  readonly root: RemoteReference;
  readonly host: PortalHost;
  /** What was called, in order: method names. */
  readonly calls: string[] = [];
  /** Everything that crossed, to be searched for secrets. */
  readonly crossed: unknown[] = [];
  readonly #options: LinkOptions;
  readonly #objects = new Map<number | string, Referenceable>();
  readonly #targets = new Map<Referenceable, Target>();
  readonly #logouts = new Map<Referenceable, () => void>();
  readonly #onDisconnect = new Set<() => void>();
  #ids = 0;

  constructor(portal: Portal, options: LinkOptions = {}) {
    this.#options = options;
    const { peer = { scheme: "tcp", address: "192.0.2.1:50000" }, secure = false, dialects = ["pb", "none"] } = options;
    this.host = {
      ...{ peer, secure, dialects },
      channelBinding: () => options.binding,
      avatarReference: (avatar, principal, logout) => {
        const exported = new ExportedAvatar(avatar, principal);
        this.#logouts.set(exported, logout);
        return exported;
      },
      onDisconnect: (fn) => {
        this.#onDisconnect.add(fn);
        return { [Symbol.dispose]: () => void this.#onDisconnect.delete(fn) };
      },
    };
    this.#objects.set("root", portal.rootObject(this.host));
    this.root = new RemoteReference({ conversation: this, id: "root", receipts: 0 });
  }

  login(credentials: Credentials, options: LoginOptions = {}): Promise<RemoteReference> {
    const { secure = false, binding, clientBinding, dialects = ["pb", "none"], clientDialects } = this.#options;
    const own = clientBinding === undefined ? binding : (clientBinding ?? undefined);
    const host = { secure, dialects: clientDialects ?? dialects, channelBinding: () => own };
    return login(this.root, credentials, { ...options, host });
  }

  /** The connection ends: every avatar's logout runs that did not yet. */
  disconnect(): void {
    for (const fn of this.#onDisconnect) fn();
    for (const logout of this.#logouts.values()) logout();
    this.#logouts.clear();
    this.#objects.clear();
  }

  /** How many objects the client holds references to. */
  get held(): number {
    return this.#objects.size - (this.#objects.has("root") ? 1 : 0);
  }

  call(target: Target, method: string, args: unknown[]) {
    const { result, resolve, reject } = pending<unknown>();
    this.calls.push(method);
    this.crossed.push(args);
    const object = this.#objects.get(target.id);
    (async () => {
      if (object === undefined) throw new DeadReferenceError("gone");
      try {
        const answer = await object.remoteMessageReceived(method, args, undefined);
        const crossed = this.#received(answer);
        this.crossed.push(crossed);
        return this.#options.tamper ? this.#options.tamper(method, crossed) : crossed;
      } catch (error) {
        const state = failureState(error, true, false);
        this.crossed.push(state);
        throw failureFromState(state);
      }
    })().then(resolve, reject);
    return result;
  }

  callOnly(): void {}
  post(): void {}
  whenGivenBack(): void {}
  report(): void {}
  readonly congested: boolean = false;

  whenWritable(fn: () => void): void {
    fn();
  }

  pack(): Uint8Array {
    return new Uint8Array(0);
  }

  unpack(): unknown[] {
    return [];
  }

  release(target: Target, receipts: number): void {
    if (target.receipts === 0) return;
    target.receipts -= Math.min(receipts, target.receipts);
    if (target.receipts > 0) return;
    const object = this.#objects.get(target.id);
    this.#objects.delete(target.id);
    if (object === undefined) return;
    this.#targets.delete(object);
    this.#logouts.get(object)?.();
    this.#logouts.delete(object);
  }

  onDisconnect(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  #received(value: unknown): unknown {
    if (Array.isArray(value)) return tuple(...value.map((item) => this.#received(item)));
    if (!(value instanceof Referenceable)) return value;
    let target = this.#targets.get(value);
    if (target === undefined) {
      target = { conversation: this, id: ++this.#ids, receipts: 0 };
      this.#targets.set(value, target);
      this.#objects.set(target.id, value);
    }
    target.receipts++;
    return new RemoteReference(target);
  }
}

class ExportedAvatar extends Referenceable {
  readonly avatar: object;
  readonly principal: unknown;

  constructor(avatar: object, principal: unknown) {
    super();
    this.avatar = avatar;
    this.principal = principal;
  }

  remote_whoami(): unknown {
    return this.principal;
  }
}

/** A realm that notes what it is asked for, and how often each logout ran. */
export class NotedRealm implements Realm {
  readonly asked: { principal: unknown; mind: unknown; logouts: number }[] = [];

  requestAvatar(principal: unknown, mind: unknown) {
    const entry = { principal, mind, logouts: 0 };
    this.asked.push(entry);
    return { avatar: { principal }, logout: () => void entry.logouts++ };
  }
}

/** Time that goes on when it is told to. */
export class ManualClock {
  time = 1_000_000;
  now(): number {
    return this.time;
  }
  after(): () => void {
    return () => {};
  }
}

/** Random bytes that are the same in every run. */
export function countingRandom(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => (next++ * 37) % 256);
}

/** The error that a promise rejects with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return expect.fail("no error came");
}
