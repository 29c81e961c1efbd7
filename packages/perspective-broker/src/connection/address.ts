// Addresses: `scheme:rest`. The scheme chooses the transport, which reads the rest.

import { AddressError } from "../errors.ts";

/** What a table of transports, by scheme, has for an address. Throws AddressError if there is nothing. */
export function transportFor<T>(address: unknown, transports: ReadonlyMap<string, T>): T {
  if (typeof address !== "string")
    throw new AddressError(`an address is a text such as tcp://127.0.0.1:8800, not ${typeof address}`);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  const known = [...transports.keys()].join(", ");
  if (scheme === undefined) throw new AddressError(`${quoted(address)} has no scheme; it begins with one of: ${known}`);
  const transport = transports.get(scheme);
  if (transport === undefined) {
    const hint = /^[^/]+:\d+$/.test(address) ? `; was tcp://${address.slice(0, 80)} meant?` : "";
    throw new AddressError(`there is no transport ${quoted(scheme)} here; known are: ${known}${hint}`);
  }
  return transport;
}

/** A malformed address comes from the transport as EINVAL. */
export function isBadAddress(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === "EINVAL";
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
