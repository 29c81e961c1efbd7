// One of the processes of deadlock.test.ts: serves a place that takes one call at a time, calls the next process when it is told
// to, and says at which port it listens.
import { connect, listen, pb7, type RemoteReference, Root } from "../../src/index.ts";

class Place extends Root {
  static readonly synchronized: readonly string[] = ["visit"];
  next: RemoteReference<Place> | undefined;
  arrived = 0;

  async remote_follow(address: string) {
    this.next = (await connect<Place>(address, { dialects: [pb7] })).root;
  }

  /** Stays until somebody is in each place, and goes on to the next one. */
  async remote_visit(hops: number): Promise<string> {
    this.arrived++;
    if (hops === 0) return "through";
    while (!this.#go) await new Promise((resolve) => setTimeout(resolve, 5));
    return await (this.next as RemoteReference<Place>).callRemote("visit", hops - 1);
  }

  remote_arrived() {
    return this.arrived;
  }

  #go = false;
  remote_go() {
    this.#go = true;
  }
}

const server = await listen(new Place(), "tcp://127.0.0.1:0", { dialects: [pb7] });
console.log(server.address);
