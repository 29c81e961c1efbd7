// What program.ts imports, and nothing else: its own cost is what program.ts costs more than this.

export type { Referenceable } from "../../../src/flavors/referenceable.ts";
export type { RemoteReference } from "../../../src/references/remote-reference.ts";
export type { Received, Sendable } from "../../../src/types.ts";
export type { Float } from "../../../src/values/float.ts";
export type { kw } from "../../../src/values/keywords.ts";
