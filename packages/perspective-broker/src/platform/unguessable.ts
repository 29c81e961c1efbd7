// Web Crypto's random numbers, which every runtime has.

/** A number below 2^53. */
export function unguessable(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low;
}
