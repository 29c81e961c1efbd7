// Users who show a TLS certificate that the server's authority signed: `listen(portal, "tls://…", { tls: { requestCert: true, ca } })`.
// That it is signed, in force and theirs was checked by TLS; here it is only told whose it is.
import { UnauthorizedLogin } from "../errors.ts";
import type { Awaitable, CredentialsChecker } from "./checker.ts";
import { PeerCertificate } from "./credentials.ts";

export interface CertificateUsers {
  /** Principals by SHA-256 fingerprint, `AB:CD:…`, in capitals or not, with colons or without. */
  readonly fingerprints?: Readonly<Record<string, unknown>>;
  /** Principals by the whole subject, `C=DE,O=Shop,CN=alice`, in the certificate's order; `,` `=` and `\` in a value have a `\` before. */
  readonly subjects?: Readonly<Record<string, unknown>>;
  /** Asked when neither knows it; undefined: no user. */
  readonly principal?: (certificate: ShownCertificate) => Awaitable<unknown>;
}

/** What is known of a certificate; `raw` is Node's own object. */
export interface ShownCertificate {
  readonly subject: string;
  /** 64 hexadecimal digits in capitals. */
  readonly fingerprint: string;
  readonly raw: unknown;
}

/** Maps verified certificates to principals. */
export function certificateUsers(users: CertificateUsers): CredentialsChecker {
  const fingerprints = new Map(
    Object.entries(users.fingerprints ?? {}).map(([text, principal]) => [plainFingerprint(text), principal]),
  );
  const subjects = new Map(Object.entries(users.subjects ?? {}));
  return {
    kinds: ["certificate"],
    async requestAvatarId(credentials) {
      if (!(credentials instanceof PeerCertificate)) throw new UnauthorizedLogin();
      const shown = shownCertificate(credentials.certificate);
      const principal = fingerprints.has(shown.fingerprint)
        ? fingerprints.get(shown.fingerprint)
        : subjects.has(shown.subject)
          ? subjects.get(shown.subject)
          : await users.principal?.(shown);
      if (principal === undefined || principal === null) throw new UnauthorizedLogin();
      return principal;
    },
  };
}

function shownCertificate(raw: unknown): ShownCertificate {
  const { subject, fingerprint256 } = raw as { subject?: unknown; fingerprint256?: unknown };
  if (typeof fingerprint256 !== "string") throw new UnauthorizedLogin();
  return { subject: subjectText(subject), fingerprint: plainFingerprint(fingerprint256), raw };
}

function subjectText(subject: unknown): string {
  if (typeof subject !== "object" || subject === null) return "";
  return Object.entries(subject)
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${key}=${escaped(String(one))}`))
    .join(",");
}

function escaped(value: string): string {
  return value.replace(/[\\,=]/g, "\\$&");
}

function plainFingerprint(text: string): string {
  return text.replaceAll(":", "").toUpperCase();
}
