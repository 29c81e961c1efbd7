// The certificates of test/certificates, as options of node:tls.
import { readFileSync } from "node:fs";

const read = (name: string): string => readFileSync(new URL(`../certificates/${name}`, import.meta.url), "utf8");

export const authority = read("authority.crt");
export const stranger = { cert: read("stranger.crt"), key: read("stranger.key") };
export const serverIdentity = { cert: read("server.crt"), key: read("server.key") };
export const clientIdentity = { cert: read("client.crt"), key: read("client.key") };
