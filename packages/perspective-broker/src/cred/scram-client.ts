// The client's side of SCRAM-SHA-256: proves the password without telling it, and believes the server only when that has proved
// that it knows the verifier.
import { LoginExchangeError } from "../errors.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import { toBase64 } from "./base64.ts";
import { joined, utf8 } from "./bytes.ts";
import type { UsernamePassword } from "./credentials.ts";
import type { LoginCrypto } from "./crypto.ts";
import type { LoginHost } from "./portal-host.ts";
import { channelBindingKind, nonceBytes } from "./scram-exchange.ts";
import { clientKey, clientProof, saltedPassword, serverKey, serverSignature } from "./scram-keys.ts";
import {
  dialectsText,
  readServerFinal,
  readServerFirst,
  writeClientFinalWithoutProof,
  writeClientFirst,
} from "./scram-messages.ts";
import { checkIterations } from "./verifier.ts";

export interface ScramClient {
  readonly crypto: LoginCrypto;
  readonly host: LoginHost;
  /** False: the server cannot bind, because something before it ends TLS. */
  readonly bind: boolean;
  readonly mind: unknown;
}

export async function loginByScram(
  root: RemoteReference,
  { username, password }: UsernamePassword,
  { crypto, host, bind, mind }: ScramClient,
): Promise<RemoteReference> {
  const own = host.channelBinding();
  // "y": this side could bind, if TLS gave it what to bind to. A server that has it then knows that somebody stands between.
  const binding = own === undefined ? (host.bindable && bind ? "y" : "n") : bind ? { kind: channelBindingKind } : "y";
  const nonce = toBase64(crypto.random(nonceBytes));
  const first = writeClientFirst(binding, username, nonce, dialectsText(host.dialects));
  const [serverFirst, exchange] = pair(await root.callRemote("loginScram", first.header + first.bare));
  if (!(exchange instanceof RemoteReference)) throw new LoginExchangeError("the server's answer has no reference");
  try {
    const server = readServerFirst(serverFirst);
    if (!server.nonce.startsWith(nonce) || server.nonce === nonce) {
      throw new LoginExchangeError("the server's nonce does not continue the client's");
    }
    checkIterations(server.iterations);
    const salted = await saltedPassword(crypto, password, server.salt, server.iterations);
    const header = utf8(first.header);
    const bound = typeof binding === "object" && own !== undefined ? joined(header, own) : header;
    const withoutProof = writeClientFinalWithoutProof(bound, server.nonce);
    const authMessage = `${first.bare},${serverFirst},${withoutProof}`;
    const proof = await clientProof(crypto, await clientKey(crypto, salted), authMessage);
    const signature = await serverSignature(crypto, await serverKey(crypto, salted), authMessage);
    const answer = await exchange.callRemote("prove", `${withoutProof},p=${toBase64(proof)}`, mind);
    return believed(crypto, pair(answer), signature);
  } finally {
    exchange.release();
  }
}

/** The avatar, if the server's proof is the one that only the verifier can make. */
function believed(
  crypto: LoginCrypto,
  [serverFinal, avatar]: [unknown, unknown],
  signature: Uint8Array,
): RemoteReference {
  if (!(avatar instanceof RemoteReference)) throw new LoginExchangeError("the server's answer has no avatar");
  let fits = false;
  try {
    fits = crypto.equal(readServerFinal(serverFinal), signature);
  } finally {
    if (!fits) avatar.release();
  }
  if (fits) return avatar;
  throw new LoginExchangeError("the server cannot prove that it knows this user");
}

function pair(answer: unknown): [unknown, unknown] {
  if (Array.isArray(answer) && answer.length === 2) return [answer[0], answer[1]];
  throw new LoginExchangeError("the server's answer is malformed");
}
