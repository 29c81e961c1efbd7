// What is spoken where nothing else is said (`#dialects`, condition "node"): a server weighs no bytes, so it is all there is.
import { none, pb } from "../../wire/banana/dialects.ts";
import type { Dialect } from "../../wire/dialect.ts";
import { pb7 } from "../../wire/pb7/pb7.ts";

export const dialects: readonly Dialect[] = [pb7, pb, none];
