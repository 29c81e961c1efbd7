// `tcp://host:port` and `tls://host:port`, read and written. No names are looked up here.
import type { Socket } from "node:net";
import { platformError } from "./platform-error.ts";

export interface HostPort {
  /** A name or an IP address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** Both parts are required: there is no default port, and listening everywhere has to be said (`0.0.0.0`, `[::]`). */
export function parseHostPort(address: string): HostPort {
  const match = /^(?:tcp|tls):\/\/(?:\[([^\]]+)\]|([^\s:/?#@[\]]+)):(\d{1,5})\/?$/i.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw platformError(
      "EINVAL",
      `"${address}" is no address of this kind: scheme://host:port or scheme://[ipv6]:port`,
    );
  }
  return { host, port };
}

export function formatHostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The other end of a connected socket. */
export function remoteAddress(socket: Socket): string {
  const { remoteAddress: host, remotePort: port } = socket;
  if (host === undefined || port === undefined) return "unknown"; // it is gone already
  return formatHostPort(host.replace(/^::ffff:(?=\d+\.)/, ""), port); // IPv4, seen by a socket of both families
}
