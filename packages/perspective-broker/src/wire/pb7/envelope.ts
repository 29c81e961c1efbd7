// What a call carries beside its arguments, and the search for calls that wait for each other (docs/pb7.md, Envelope and Locks).
import { ProtocolError } from "../../errors.ts";
import { LONGEST_PATH } from "../../flavors/probe.ts";
import type { Chain, Envelope, Probe, Trace } from "../message.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";

const DEADLINE = 0x01;
const CHAIN = 0x02;
const TRACE = 0x04;

const [AT_SENDER, AT_RECEIVER, ELSEWHERE] = [0, 1, 2];

/** Bounds of what a peer can send along: W3C allows 512 characters of tracestate. */
const LONGEST_TRACE = 512;
const LONGEST_TEXT = 200;

/** The numbers of the two processes of a connection. */
export interface Processes {
  readonly own: number;
  readonly peer: number;
}

export function writeEnvelope(out: Encoder, envelope: Envelope, processes: Processes): void {
  const { deadline, chain, depth, trace } = envelope;
  out.byte(
    (deadline === undefined ? 0 : DEADLINE) | (chain === undefined ? 0 : CHAIN) | (trace === undefined ? 0 : TRACE),
  );
  if (deadline !== undefined) out.varint(deadline);
  if (chain !== undefined) {
    writeChain(out, chain, processes);
    out.varint(depth ?? 0);
  }
  if (trace !== undefined) {
    out.string(trace.traceparent);
    out.string(trace.tracestate);
  }
}

export function readEnvelope(from: Decoder, processes: Processes): Envelope {
  const bits = from.byte();
  const deadline = (bits & DEADLINE) === 0 ? undefined : from.varint();
  let chain: Chain | undefined;
  let depth: number | undefined;
  if ((bits & CHAIN) !== 0) {
    chain = readChain(from, processes);
    depth = from.varint();
  }
  let trace: Trace | undefined;
  if ((bits & TRACE) !== 0) {
    const traceparent = from.string();
    const tracestate = from.string();
    if (traceparent.length <= LONGEST_TRACE && tracestate.length <= LONGEST_TRACE) trace = { traceparent, tracestate };
  }
  return { deadline, chain, depth, trace };
}

export function writeProbe(out: Encoder, { search, path }: Probe, processes: Processes): void {
  writeChain(out, search, processes);
  out.varint(path.length);
  for (const step of path) {
    writeChain(out, step.chain, processes);
    out.string(step.object.slice(0, LONGEST_TEXT));
  }
}

export function readProbe(from: Decoder, processes: Processes): Probe {
  const search = readChain(from, processes);
  const count = from.varint();
  if (count > LONGEST_PATH) throw new ProtocolError("a probe has come too far");
  const path: { chain: Chain; object: string }[] = [];
  for (let i = 0; i < count; i++) {
    const chain = readChain(from, processes);
    path.push({ chain, object: from.string().slice(0, LONGEST_TEXT) });
  }
  return { search, path };
}

function writeChain(out: Encoder, { process, number }: Chain, { own, peer }: Processes): void {
  if (process === own) out.byte(AT_SENDER as number);
  else if (process === peer) out.byte(AT_RECEIVER as number);
  else {
    out.byte(ELSEWHERE as number);
    out.varint(process);
  }
  out.varint(number);
}

function readChain(from: Decoder, { own, peer }: Processes): Chain {
  const where = from.byte();
  if (where === ELSEWHERE) return { process: from.varint(), number: from.varint() };
  if (where !== AT_SENDER && where !== AT_RECEIVER) throw new ProtocolError("a chain that begins nowhere");
  return { process: where === AT_SENDER ? peer : own, number: from.varint() };
}
