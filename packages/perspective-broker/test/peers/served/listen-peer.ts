// The two ports of the interop interface, on loopback.
import { type ListenOptions, listen, Root, registerError, type Server } from "perspective-broker";
import { KnownError } from "../wire-errors.ts";
import { PeerRoot, Shared } from "./root.ts";

export interface PeerPorts {
  readonly port?: number | undefined;
  readonly port2?: number | undefined;
}

/** What an exact echo needs: 1.0 stays a float, and a dictionary keeps its order whatever its keys are. */
const exact: ListenOptions = { floats: "exact", dicts: "map" };

/** Serves both ports; `options` go to both. */
export async function listenPeer(ports: PeerPorts = {}, options: ListenOptions = {}): Promise<[Server, Server]> {
  registerError(KnownError);
  const shared = new Shared();
  const address = (port: number | undefined) => `tcp://127.0.0.1:${port ?? 0}`;
  const first = await listen((connection) => new PeerRoot(connection, shared), address(ports.port), {
    ...exact,
    ...options,
  });
  try {
    // The Portal's place: a root that has no login yet, so that who asks for it is told NoSuchMethod.
    return [first, await listen(new Root(), address(ports.port2), { ...exact, ...options })];
  } catch (error) {
    await first.close();
    throw error;
  }
}

/** The port of a server's address. */
export function portOf(server: Server): number {
  return Number(new URL(server.address).port);
}
