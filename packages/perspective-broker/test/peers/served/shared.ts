// What all connections of a server have in common.
import { News } from "../wire-published.ts";
import { Board } from "./board.ts";

export class Shared {
  disconnects = 0;
  /** Who logged out, in that order. */
  readonly logouts: Uint8Array[] = [];
  readonly board = new Board();
  readonly news = new News("NEWS1");

  constructor() {
    this.news.timestamp = 1_000_000_000.5;
  }
}
