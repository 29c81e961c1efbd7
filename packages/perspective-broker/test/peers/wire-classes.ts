// What both peers have registered: every name on the wire of README.md but those that must be refused.
import { Registry } from "perspective-broker";
import { RemoteStock, Stock } from "./wire-caches.ts";
import { Made, MadeHere, PerUser, Point, RemotePerUser, Tagged } from "./wire-copies.ts";
import { KnownError } from "./wire-errors.ts";
import { News, RemoteNews } from "./wire-published.ts";

/** A registry of these classes; `news` is what a News arrives as. */
export function wireClasses(news: typeof RemoteNews = RemoteNews): Registry {
  const registry = new Registry();
  registry.registerError(KnownError, undefined, { thrownAs: "itself" });
  registry.registerCopyable(Point);
  registry.registerCopyable(Tagged);
  registry.registerCopyable(Made, (state) => new MadeHere(state));
  registry.registerCopyable(PerUser, RemotePerUser);
  registry.registerCopyable(Stock, RemoteStock);
  registry.registerCopyable(News, news);
  return registry;
}
