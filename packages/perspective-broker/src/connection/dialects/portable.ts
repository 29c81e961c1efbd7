// What is spoken where nothing else is said, in a runtime that is not Node (`#dialects`, condition "default"). A bundle carries
// whatever is named here, also if its program names other dialects: so it is no more than one of our own would need.
import type { Dialect } from "../../wire/dialect.ts";
import { pb7 } from "../../wire/pb7/pb7.ts";

export const dialects: readonly Dialect[] = [pb7];
