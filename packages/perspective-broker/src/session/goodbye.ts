// Last words: what the peer is told of why this side ends a connection, and what is made of what the peer says. Nothing of
// this program's inside travels, and both texts are bounded.
import type { CloseReason } from "../errors.ts";

/** Characters of the text. */
const LONGEST = 200;

/** Undefined if there is nobody to be told. */
export function farewell({ code, message }: CloseReason): { code: string; message: string } | undefined {
  switch (code) {
    case "CLOSED":
      return { code, message: "" };
    case "PROTOCOL_ERROR":
    case "UNKNOWN_ID":
    case "BANANA_ERROR":
    case "LIMIT_EXCEEDED":
    case "HANDSHAKE_TIMEOUT":
    case "PEER_SILENT":
      return { code, message: shortened(message) };
    case "PEER_CLOSED":
    case "TRANSPORT_FAILED":
    case "NEGOTIATION_FAILED":
      return undefined;
    case "INTERNAL_ERROR":
      break;
    default:
      code satisfies never;
  }
  return { code: "INTERNAL_ERROR", message: "an error inside of the library" };
}

/** Why the connection ends when the peer has said goodbye. */
export function peerLeft(code: string, message: string): CloseReason {
  if (!/^[A-Z][A-Z0-9_]{0,39}$/.test(code)) return { code: "PEER_CLOSED", message: "the peer closed the connection" };
  const text = shortened(message);
  if (code === "CLOSED" && text === "") return { ...peerLeft("", ""), peerCode: code };
  return { code: "PEER_CLOSED", message: `the peer closed the connection, ${code}: ${text}`, peerCode: code };
}

/** Of one line, and no pair of surrogates cut in two. */
function shortened(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be kept out
  const line = text.slice(0, LONGEST).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  return text.length > LONGEST ? line.replace(/[\ud800-\udbff]$/, "") : line;
}
