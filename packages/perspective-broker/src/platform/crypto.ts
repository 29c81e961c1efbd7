// What logins ask of the runtime's cryptography. One small file per runtime implements it; it is asynchronous because browsers
// have it in no other way, and because a password's key takes time that must not stop the event loop.

export interface PlatformCrypto {
  /** Unpredictable bytes. */
  random(length: number): Uint8Array;
  sha256(data: Uint8Array): Promise<Uint8Array>;
  hmacSha256(key: Uint8Array, data: Uint8Array): Promise<Uint8Array>;
  /** PBKDF2 with HMAC-SHA-256: 32 bytes. */
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
}
