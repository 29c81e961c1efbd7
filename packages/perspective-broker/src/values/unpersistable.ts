// What stands for a value that could not be sent. It is no error: the call goes through, and the receiver finds
// one of these in the value's place.

import { printedAs } from "./printed-as.ts";

/** Stands for a value that its owner could not or would not send. Can be sent on purpose. */
export class Unpersistable {
  declare readonly "~pb": "value";
  /** Why; from Twisted, text such as "Unpersistable data: b'instance of class app.Thing deemed insecure'". */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }

  toString(): string {
    return `Unpersistable: ${this.reason}`;
  }

  static {
    printedAs(Unpersistable, ({ reason }) => `Unpersistable(${JSON.stringify(reason)})`);
  }
}
