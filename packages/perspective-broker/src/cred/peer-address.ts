// Whose failures are counted together: a host, whatever its ports; with IPv6 its /64 network, which is what one subscriber has.
import type { LoginPeer } from "./portal-host.ts";

export function addressKey({ scheme, address }: LoginPeer): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)(?:%[^\]]*)?\]|([^:]*)):\d+$/.exec(address);
  if (match === null) return `${scheme}:${address}`;
  return match[1] === undefined ? (match[2] as string) : network(match[1].toLowerCase());
}

function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped) return mapped[1] as string;
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...new Array<string>(zeros).fill("0"), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
