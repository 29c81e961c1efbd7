// node quote.mjs: the pages that quote RESULTS.md get its table, without a run. `npm run bench` does it, too.
import { quoteResults } from "./lib/quote.mjs";

console.log(quoteResults().join("\n") || "every page has the table that RESULTS.md has, or does not quote it");
