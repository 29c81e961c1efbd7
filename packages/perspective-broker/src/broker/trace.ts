// Trace context (W3C Trace Context): what of it is well-formed, from a peer or from the application, which may have it from
// anywhere. What is not is dropped, as that standard wants it.
import type { Trace } from "../wire/message.ts";

/** Later versions of the standard may put more behind what version 00 has. */
const PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x20-\x7e]*)?$/;
const PARENT_OF_VERSION_00 = 55;
const MOST_OF_PARENT = 256;
/** What the standard wants to be passed on at least. */
const MOST_OF_STATE = 512;
const MOST_MEMBERS = 32;
const MEMBER =
  /^(?:[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

interface Given {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** The trace without what is malformed: without its state, or nothing at all. */
export function wellFormedTrace(trace: Given | undefined): Trace | undefined {
  if (trace === undefined || trace === null) return undefined;
  const { traceparent, tracestate = "" } = trace;
  if (typeof traceparent !== "string" || traceparent.length > MOST_OF_PARENT || !PARENT.test(traceparent))
    return undefined;
  if (traceparent.startsWith("00") && traceparent.length !== PARENT_OF_VERSION_00) return undefined;
  return { traceparent, tracestate: isState(tracestate) ? tracestate : "" };
}

function isState(text: unknown): boolean {
  if (typeof text !== "string" || text.length > MOST_OF_STATE) return false;
  const members = text.split(",").map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""));
  return members.length <= MOST_MEMBERS && members.every((member) => member === "" || MEMBER.test(member));
}
