// References and caches in arguments, as Python has them: they are dropped when the call that brought them is over, unless the
// object keeps them. JavaScript drops nothing at a known time, so it is done here, by release(), receipt by receipt.
import { Copyable, currentCall, Keywords, Referenceable, RemoteCache, RemoteReference } from "perspective-broker";
import { MadeHere } from "../wire-copies.ts";

const BORROWED = Symbol("what the running call must give back");

/** Something of the other side that is counted in receipts. */
export type Counted = RemoteReference | RemoteCache;

/** An object whose calls give back what they were given and did not keep. */
export abstract class Borrower extends Referenceable {
  override remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    return lending([args, keywords], () => super.remoteMessageReceived(message, args, keywords));
  }
}

/** Runs a method for the running call, with `values` as what it received; gives them back when it is over. */
export function lending(values: unknown, method: () => unknown): unknown {
  const { storage } = currentCall();
  // A call that another one makes on an object of this side shares its context. It received nothing of its own.
  if (storage.has(BORROWED)) return method();
  const borrowed = countedIn(values);
  storage.set(BORROWED, borrowed);
  // A turn later the answer is on its way: until then it may bring one of them home.
  const giveBack = () => void setImmediate(() => release(borrowed));
  try {
    const result = method();
    if (result instanceof Promise) result.then(giveBack, giveBack);
    else giveBack();
    return result;
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** The running call does not give back what it received in `value`: its object has it from now on. */
export function keep(value: unknown): void {
  const borrowed = currentCall().storage.get(BORROWED) as Counted[];
  for (const counted of countedIn(value)) {
    const at = borrowed.indexOf(counted);
    if (at >= 0) borrowed.splice(at, 1);
  }
}

/** The running call gives back these, too: what came as the answer of a call that it made. */
export function borrow(value: unknown): void {
  (currentCall().storage.get(BORROWED) as Counted[]).push(...countedIn(value));
}

/** Gives back one receipt for each. */
export function release(all: readonly Counted[]): void {
  for (const counted of all) counted.release();
}

/** What is counted in a received value, as often as it was received: shared containers count once, a reference each time. */
export function countedIn(value: unknown): Counted[] {
  const found: Counted[] = [];
  const seen = new Set<object>();
  const look = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    if (at instanceof RemoteReference || at instanceof RemoteCache) {
      found.push(at);
      return;
    }
    if (seen.has(at)) return;
    seen.add(at);
    if (Array.isArray(at) || at instanceof Set) for (const item of at) look(item);
    else if (at instanceof Map || at instanceof Keywords) for (const [key, item] of at) [key, item].forEach(look);
    else if (hasParts(at)) Object.values(at).forEach(look);
  };
  look(value);
  return found;
}

/** Whether its properties were received with it. */
function hasParts(object: object): boolean {
  const copied = [Error, Copyable, MadeHere].some((kind) => object instanceof kind);
  return copied || Object.getPrototypeOf(object) === Object.prototype;
}
