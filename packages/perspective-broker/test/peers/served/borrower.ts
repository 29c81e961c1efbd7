// References in arguments, as Python has them: they are dropped when the call that brought them is over, unless the object
// keeps them. JavaScript drops nothing at a known time, so it is done here, by release(), receipt by receipt.
import { currentCall, Keywords, Referenceable, RemoteReference } from "perspective-broker";

const BORROWED = Symbol("references that the running call must give back");

/** An object whose calls give back the references that they were given and did not keep. */
export abstract class Borrower extends Referenceable {
  override remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    const { storage } = currentCall();
    // A call that another one makes on an object of this side shares its context. It received nothing of its own.
    if (storage.has(BORROWED)) return super.remoteMessageReceived(message, args, keywords);
    const borrowed = referencesIn([args, keywords]);
    storage.set(BORROWED, borrowed);
    // A turn later the answer is on its way: until then it may bring one of them home.
    const giveBack = () => void setImmediate(() => release(borrowed));
    try {
      const result = super.remoteMessageReceived(message, args, keywords);
      if (result instanceof Promise) result.then(giveBack, giveBack);
      else giveBack();
      return result;
    } catch (error) {
      giveBack();
      throw error;
    }
  }
}

/** The running call does not give back what it received in `value`: its object has it from now on. */
export function keep(value: unknown): void {
  const borrowed = currentCall().storage.get(BORROWED) as RemoteReference[];
  for (const reference of referencesIn(value)) {
    const at = borrowed.indexOf(reference);
    if (at >= 0) borrowed.splice(at, 1);
  }
}

/** The running call gives back these, too: what came as the answer of a call that it made. */
export function borrow(value: unknown): void {
  (currentCall().storage.get(BORROWED) as RemoteReference[]).push(...referencesIn(value));
}

/** Gives back one receipt for each. */
export function release(references: readonly RemoteReference[]): void {
  for (const reference of references) reference.release();
}

/** Every reference in a received value as often as it was received: shared containers count once, the reference each time. */
export function referencesIn(value: unknown): RemoteReference[] {
  const found: RemoteReference[] = [];
  const seen = new Set<object>();
  const look = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    if (at instanceof RemoteReference) {
      found.push(at);
      return;
    }
    if (seen.has(at)) return;
    seen.add(at);
    if (Array.isArray(at) || at instanceof Set) for (const item of at) look(item);
    else if (at instanceof Map || at instanceof Keywords) for (const [key, item] of at) [key, item].forEach(look);
    else if (at instanceof Error || Object.getPrototypeOf(at) === Object.prototype) Object.values(at).forEach(look);
  };
  look(value);
  return found;
}
