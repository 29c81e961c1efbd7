// The classes and descriptions that the type tests call.

import { Referenceable, Root } from "../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";

export class Two extends Referenceable {
  remote_three(n: number): number {
    return n * 3;
  }
}

export class BigTwo extends Two {
  remote_four(text: string): string {
    return text;
  }
}

export class Listener extends Referenceable {
  remote_heard(_line: string): void {}
}

export class One extends Root {
  #two = new Two();

  remote_getTwo() {
    return this.#two;
  }

  remote_checkTwo(two: Two | RemoteReference<Two>) {
    return two === this.#two;
  }

  async remote_findTwo(name: string): Promise<Two | undefined> {
    return name === "two" ? this.#two : undefined;
  }

  remote_subscribe(_listener: RemoteReference<Listener>): void {}
}

/** A server written in Python, described. */
export interface PythonServer {
  remote_add(a: number, b: number): number;
  remote_getAdder(): RemoteReference<Adder>;
  remote_watch(watcher: RemoteReference<Watcher>): void;
  remote_later?(when: Date): void;
}

export interface Adder {
  remote_add(a: number, b: number): number;
}

/** What Python calls back. */
export interface Watcher {
  remote_changed(key: string): void;
}
