// The four messages of SCRAM (RFC 5802 §7) as texts: written here, read here, and refused here when they are malformed. Nothing
// is computed or decided. Our one extension is `d` in the first message: the dialects of the greeting, as the client saw them.
import { LoginExchangeError } from "../errors.ts";
import { fromBase64, toBase64 } from "./base64.ts";

/** What the client says of channel binding: cannot, could but thinks that the server cannot, or the kind it binds with. */
export type Binding = "n" | "y" | { readonly kind: string };

export interface ClientFirst {
  readonly binding: Binding;
  /** All before `bare`, which the last message repeats. */
  readonly header: string;
  /** What the proof covers. */
  readonly bare: string;
  readonly username: string;
  readonly nonce: string;
  /** Undefined if the client does not say. */
  readonly dialects: string | undefined;
}

/** Longer messages are refused unread. */
const messageLimit = 8192;

export function writeClientFirst(binding: Binding, username: string, nonce: string, dialects: string): ClientFirst {
  const header = `${typeof binding === "string" ? binding : `p=${binding.kind}`},,`;
  const bare = `n=${escaped(username)},r=${nonce},d=${escaped(dialects)}`;
  return { binding, header, bare, username, nonce, dialects };
}

export function readClientFirst(message: unknown): ClientFirst {
  const text = checked(message);
  const match = /^(([ny]|p=([A-Za-z0-9.-]+)),,)(.*)$/s.exec(text);
  if (!match) throw malformed();
  const [, header = "", flag, kind, bare = ""] = match;
  const [name, nonce, ...extensions] = attributes(bare);
  if (name?.key !== "n" || nonce?.key !== "r" || !isNonce(nonce.value)) throw malformed();
  const dialects = extensions.find((attribute) => attribute.key === "d")?.value;
  return {
    ...{ header, bare, nonce: nonce.value },
    binding: kind === undefined ? (flag as "n" | "y") : { kind },
    username: unescaped(name.value),
    dialects: dialects === undefined ? undefined : unescaped(dialects),
  };
}

export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export function writeServerFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${toBase64(salt)},i=${iterations}`;
}

export function readServerFirst(message: unknown): ServerFirst {
  const [nonce, salt, iterations] = attributes(checked(message));
  const bytes = salt?.key === "s" ? fromBase64(salt.value) : undefined;
  if (nonce?.key !== "r" || !isNonce(nonce.value) || !bytes?.length) throw malformed();
  if (iterations?.key !== "i" || !/^[1-9]\d{0,9}$/.test(iterations.value)) throw malformed();
  return { nonce: nonce.value, salt: bytes, iterations: Number(iterations.value) };
}

export interface ClientFinal {
  readonly bindingInput: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** All before the proof: what the proof covers. */
  readonly withoutProof: string;
}

export function writeClientFinalWithoutProof(bindingInput: Uint8Array, nonce: string): string {
  return `c=${toBase64(bindingInput)},r=${nonce}`;
}

export function readClientFinal(message: unknown): ClientFinal {
  const text = checked(message);
  const [binding, nonce, ...rest] = attributes(text);
  const last = rest.at(-1);
  const bindingInput = binding?.key === "c" ? fromBase64(binding.value) : undefined;
  const proof = last?.key === "p" ? fromBase64(last.value) : undefined;
  if (bindingInput === undefined || nonce?.key !== "r" || proof === undefined) throw malformed();
  return { bindingInput, nonce: nonce.value, proof, withoutProof: text.slice(0, text.lastIndexOf(",p=")) };
}

export function writeServerFinal(signature: Uint8Array): string {
  return `v=${toBase64(signature)}`;
}

export function readServerFinal(message: unknown): Uint8Array {
  const [signature] = attributes(checked(message));
  const bytes = signature?.key === "v" ? fromBase64(signature.value) : undefined;
  if (bytes === undefined) throw malformed();
  return bytes;
}

/** The greeting's dialects as one text. */
export function dialectsText(dialects: readonly string[]): string {
  return dialects.join(" ");
}

function attributes(text: string): { key: string; value: string }[] {
  return text.split(",").map((part) => {
    // `m` announces an extension that must be understood; there is none.
    if (!/^[A-LN-Za-ln-z]=./s.test(part)) throw malformed();
    return { key: part.charAt(0), value: part.slice(2) };
  });
}

function checked(message: unknown): string {
  if (typeof message === "string" && message.length <= messageLimit && !message.includes("\0")) return message;
  throw malformed();
}

function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

function escaped(text: string): string {
  return text.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function unescaped(text: string): string {
  if (/=(?!2C|3D)/.test(text)) throw malformed();
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function malformed(): LoginExchangeError {
  return new LoginExchangeError("a message of the login is malformed");
}
