// The part of the root object that copies, lets follow, publishes and pages (README.md, "Copies and caches" and "Paging").
import {
  currentCall,
  FilePager,
  type ParameterNames,
  type RemoteReference,
  StringPager,
  type Tuple,
  tuple,
} from "perspective-broker";
import { type RemoteStock, Stock } from "../wire-caches.ts";
import { Made, type MadeHere, Point, Tagged } from "../wire-copies.ts";
import type { News } from "../wire-published.ts";
import { add } from "./add.ts";
import { Borrower, keep } from "./borrower.ts";
import type { Shared } from "./shared.ts";

/** 500 bytes. */
const pageText = new TextEncoder().encode("helloworld".repeat(50));

export abstract class RootObjects extends Borrower {
  static readonly parameters: ParameterNames<RootObjects> = {
    getPoint: ["x", "y"],
    sumPoint: ["p"],
    getTagged: [],
    checkTagged: ["a"],
    getMade: ["n"],
    takeMade: ["m"],
    getStock: [],
    getStockTwice: [],
    setPrice: ["price"],
    isStock: ["stock"],
    stockInfo: [],
    liveCaches: [],
    holdStock: ["stock"],
    heldPrice: [],
    heldSeen: [],
    giveBackHeld: [],
    dropHeld: [],
    getNews: [],
    getPages: ["collector", "size"],
    getFilePages: ["collector", "length"],
  };

  readonly #news: News;
  readonly #stock = new Stock("ACME", 10);
  #held: RemoteStock | undefined;

  constructor(shared: Shared) {
    super();
    this.#news = shared.news;
  }

  // ---- copies

  remote_getPoint(x: number, y: number): Point {
    return new Point(x, y);
  }

  remote_sumPoint(p: Point): unknown {
    return add(p.x, p.y);
  }

  remote_getTagged(): Tagged {
    const a = new Tagged("a");
    a.friend = new Tagged("b", a);
    return a;
  }

  remote_checkTagged(a: Tagged): boolean {
    return a.friend?.friend === a;
  }

  remote_getMade(n: number): Made {
    return new Made(n);
  }

  remote_takeMade(m: MadeHere): unknown {
    return m.state;
  }

  // ---- caches: this side's object

  remote_getStock(): Stock {
    return this.#stock;
  }

  remote_getStockTwice(): Stock[] {
    return [this.#stock, this.#stock];
  }

  remote_setPrice(price: number): Promise<unknown[]> {
    return this.#stock.setPrice(price);
  }

  remote_isStock(stock: unknown): boolean {
    return stock === this.#stock;
  }

  remote_stockInfo(): object {
    return { observers: this.#stock.observers.size, stopped: this.#stock.stopped };
  }

  remote_liveCaches(): number {
    return currentCall().connection.inspect().cachesGiven.length;
  }

  // ---- caches: the client's object

  remote_holdStock(stock: RemoteStock): Tuple<[string, number]> {
    keep(stock);
    this.#held?.release();
    this.#held = stock;
    return tuple(stock.name, stock.price);
  }

  remote_heldPrice(): number {
    return this.#heldStock().price;
  }

  remote_heldSeen(): number[] {
    return this.#heldStock().seen;
  }

  remote_giveBackHeld(): RemoteStock {
    return this.#heldStock();
  }

  remote_dropHeld(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  // ---- publishing and paging

  remote_getNews(): News {
    return this.#news;
  }

  // A pager gives its collector back when it is over.

  remote_getPages(collector: RemoteReference, size: number): string {
    keep(collector);
    new StringPager(collector, pageText, size);
    return "paging";
  }

  remote_getFilePages(collector: RemoteReference, length: number): string {
    keep(collector);
    new FilePager(
      collector,
      Uint8Array.from({ length }, (_, i) => i & 0xff),
    );
    return "paging";
  }

  #heldStock(): RemoteStock {
    if (this.#held === undefined) throw new TypeError("no stock is held");
    return this.#held;
  }
}
