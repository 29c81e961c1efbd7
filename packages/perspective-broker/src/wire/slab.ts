// Memory for outgoing frames: one slab per process, filled from front to back and never reused, so that what was handed to
// a transport stays as it is until the transport has let go of it. Measured: filling a slab and writing once is ten times
// faster than a write per message, and a slab per connection costs an idle connection a page or more.
import { platform } from "#platform";

const SLAB = 256 * 1024;

let slab: Uint8Array = new Uint8Array(0);
let used = 0;
let busy = false;

/** A place to write a frame. `end` is where the frame may grow to. */
export interface Place {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly shared: boolean;
}

/** Claims the rest of the slab. Who writes a frame while another is being written gets a buffer of its own. */
export function claim(): Place {
  if (busy) return { buffer: platform.allocate(4096), start: 0, shared: false };
  if (slab.length - used < SLAB / 4) {
    slab = platform.allocate(SLAB);
    used = 0;
  }
  busy = true;
  return { buffer: slab, start: used, shared: true };
}

/** Ends a shared claim; `end` is behind the last byte that is to stay (the start of the claim, if none is). */
export function settle(buffer: Uint8Array, end: number): void {
  busy = false;
  if (buffer === slab) used = end;
}
