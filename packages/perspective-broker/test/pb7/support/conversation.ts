// The program whose conversation docs/pb7.md shows. What stands below the line of dashes is on the page, too.
import { type Connection, PBError, Referenceable, type RemoteReference, Root } from "../../../src/index.ts";

// -----
export class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

export class OutOfStock extends PBError {
  static override wireName = "shop.OutOfStock";
  item = "soap";
}

export class Bell extends Referenceable {
  remote_ring(text: string) {
    return text.length;
  }
}

export class One extends Root {
  #two = new Two();
  remote_getTwo() {
    return this.#two;
  }
  remote_isMine(two: Two | RemoteReference<Two>) {
    return two === this.#two;
  }
  remote_prices() {
    return [
      { item: "soap", price: 2 },
      { item: "tea", price: 4.5 },
    ];
  }
  remote_buy(): never {
    throw new OutOfStock("no more soap");
  }
  async *remote_count(to: number) {
    for (let n = 1; n <= to; n++) yield n;
  }
  async remote_visit(bell: RemoteReference<Bell>) {
    using held = bell;
    return held.callRemote("ring", "é");
  }
}

export async function converse({ root }: Connection<One>): Promise<void> {
  const two = await root.callRemote("getTwo"); // a reference
  await two.with({ timeout: 5000 }).callRemote("three", 12); // 36
  await root.callRemote("isMine", two); // true: it came home
  two.release();
  await root.callRemote("getTwo").callRemote("three", 4); // 12, in one round trip
  await new Promise((resolve) => setTimeout(resolve, 5)); // what was only called through is given back
  await root.callRemote("prices");
  await root.callRemote("buy").catch(() => {}); // OutOfStock
  await root.callRemote("visit", new Bell()); // calls the Bell of this side: 1
  for await (const n of await root.callRemote("count", 2)) console.assert(n > 0); // 1, 2
}
