// Our calls that are not answered, by the chains that they belong to: asked when a lock is held, and made when it is first
// asked, so that connections on which nothing takes turns do not keep it.
import { type Chain, compareChains } from "../flavors/chain.ts";
import type { OutgoingCall } from "./calls.ts";

export class ChainIndex {
  // By the number alone, which hardly ever is that of two chains at the same time.
  readonly #byNumber = new Map<number, Set<OutgoingCall>>();

  constructor(calls: Iterable<OutgoingCall>) {
    for (const call of calls) this.add(call);
  }

  add(call: OutgoingCall): void {
    if (call.caller === undefined) return;
    const { number } = call.caller.chain;
    const calls = this.#byNumber.get(number);
    if (calls === undefined) this.#byNumber.set(number, new Set([call]));
    else calls.add(call);
  }

  remove(call: OutgoingCall): void {
    if (call.caller === undefined) return;
    const { number } = call.caller.chain;
    const calls = this.#byNumber.get(number);
    if (calls?.delete(call) && calls.size === 0) this.#byNumber.delete(number);
  }

  *of(chain: Chain): Generator<OutgoingCall, void, void> {
    for (const call of this.#byNumber.get(chain.number) ?? []) {
      if (call.caller !== undefined && compareChains(call.caller.chain, chain) === 0) yield call;
    }
  }
}
