// Buffers and their views on the wire: the kinds of docs/pb7.md, and their bytes in the order of the wire.
import { JellyError } from "../../errors.ts";

type View = Exclude<ArrayBufferView, Uint8Array>;

interface Kind {
  readonly size: number;
  make(bytes: ArrayBuffer): View | ArrayBuffer;
}

/** By their numbers. The names are those that the types have themselves, whatever a subclass is called. */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["ArrayBuffer", { size: 1, make: (b) => b }],
  ["Int8Array", { size: 1, make: (b) => new Int8Array(b) }],
  ["Uint8ClampedArray", { size: 1, make: (b) => new Uint8ClampedArray(b) }],
  ["Int16Array", { size: 2, make: (b) => new Int16Array(b) }],
  ["Uint16Array", { size: 2, make: (b) => new Uint16Array(b) }],
  ["Int32Array", { size: 4, make: (b) => new Int32Array(b) }],
  ["Uint32Array", { size: 4, make: (b) => new Uint32Array(b) }],
  ["Float32Array", { size: 4, make: (b) => new Float32Array(b) }],
  ["Float64Array", { size: 8, make: (b) => new Float64Array(b) }],
  ["BigInt64Array", { size: 8, make: (b) => new BigInt64Array(b) }],
  ["BigUint64Array", { size: 8, make: (b) => new BigUint64Array(b) }],
  ["DataView", { size: 1, make: (b) => new DataView(b) }],
]);

const names: readonly string[] = [...kinds.keys()];
const byNumber: readonly Kind[] = [...kinds.values()];
const bigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
const nameOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as () => string | undefined;

/** The kind of an ArrayBuffer or a view that is no Uint8Array; -1 if there is none. */
export function kindOfBuffer(value: object): number {
  if (ArrayBuffer.isView(value)) return names.indexOf(nameOfTypedArray.call(value) ?? "DataView");
  return value instanceof ArrayBuffer ? 0 : -1;
}

/** The bytes of a buffer or view: a view of them where their order is that of the wire. */
export function bytesOf(value: ArrayBufferView | ArrayBuffer, kind: number): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return bigEndian ? swapped(bytes, byNumber[kind]?.size ?? 1) : bytes;
}

/** Whether the memory behind a buffer or view of no length was given away. */
export function isDetached(value: ArrayBufferView | ArrayBuffer): boolean {
  try {
    new Uint8Array(ArrayBuffer.isView(value) ? value.buffer : value);
    return false;
  } catch {
    return true;
  }
}

/** Whether other threads can change the bytes while they wait to be sent. */
export function isSharedMemory(bytes: Uint8Array): boolean {
  return typeof SharedArrayBuffer !== "undefined" && bytes.buffer instanceof SharedArrayBuffer;
}

/** A buffer of that kind of bytes that nobody else has. */
export function bufferOf(kind: number, bytes: Uint8Array): object {
  const known = byNumber[kind];
  if (known === undefined) throw new JellyError(`there is no kind ${kind} of buffers`);
  if (bytes.length % known.size !== 0) throw new JellyError(`${bytes.length} bytes are no ${names[kind]}`);
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  const own = bigEndian ? swapped(bytes, known.size) : whole ? bytes : new Uint8Array(bytes);
  return known.make(own.buffer as ArrayBuffer);
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  for (let i = 0; i < copy.length; i++) copy[i] = bytes[i - (i % size) + size - 1 - (i % size)] as number;
  return copy;
}
