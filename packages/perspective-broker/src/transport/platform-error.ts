// Errors of transports, in the shape that the platform gives its own: an Error with a `code`. Another layer wraps them
// into the library's named errors; none of those is known here.

/** An error like the platform's own. */
export interface PlatformError extends Error {
  code: string;
}

/** `platformError("ECONNREFUSED", "connect ECONNREFUSED memory://name")`. */
export function platformError(code: string, message: string, cause?: unknown): PlatformError {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}
