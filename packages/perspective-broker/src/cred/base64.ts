// Base64 with nothing that is almost base64: one text for each value, so that nobody can vary a message.
import { bytesFromBase64, toBase64 } from "../values/base64.ts";

export { toBase64 };

/** Undefined for what is no base64, or not in its one right form. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = bytesFromBase64(text);
  return toBase64(bytes) === text ? bytes : undefined;
}
