// The collector on demand, for programs that are no tests, too.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** Collects now. Finalizers run in a later turn; what a WeakRef was asked for in this turn stays. */
export const collectNow = runInNewContext("gc") as () => void;
