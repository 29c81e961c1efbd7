// The two ports of the interop interface, on loopback.
import { type ListenOptions, listen, type Server } from "perspective-broker";
import { wireClasses } from "../wire-classes.ts";
import { peerPortal } from "./portal.ts";
import { PeerRoot } from "./root.ts";
import { Shared } from "./shared.ts";

export interface PeerPorts {
  readonly port?: number | undefined;
  readonly port2?: number | undefined;
}

/** Serves both ports; `options` go to both. */
export async function listenPeer(ports: PeerPorts = {}, options: ListenOptions = {}): Promise<[Server, Server]> {
  // An exact echo: 1.0 stays a float, and a dictionary keeps its order whatever its keys are.
  const both: ListenOptions = { floats: "exact", dicts: "map", registry: wireClasses(), ...options };
  const shared = new Shared();
  const address = (port: number | undefined) => `tcp://127.0.0.1:${port ?? 0}`;
  const first = await listen((connection) => new PeerRoot(connection, shared), address(ports.port), both);
  try {
    const portal = peerPortal(shared, options.log && { log: options.log });
    return [first, await listen(portal, address(ports.port2), both)];
  } catch (error) {
    await first.close();
    throw error;
  }
}

/** The port of a server's address. */
export function portOf(server: Server): number {
  return Number(new URL(server.address).port);
}
