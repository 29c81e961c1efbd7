// What is done to a password before SCRAM makes a key of it (RFC 4013, SASLprep), so that it does not matter how a keyboard
// composes its letters. Passwords of ASCII, and those with characters that SASLprep forbids, are taken as they are.

/** The bytes that stand for a password in SCRAM. */
export function preparedPassword(password: string): Uint8Array {
  return new TextEncoder().encode(/^[\x20-\x7e]*$/.test(password) ? password : prepare(password));
}

function prepare(password: string): string {
  const mapped = password.replace(otherSpaces, " ").replace(mappedToNothing, "");
  const normal = mapped.normalize("NFKC");
  return normal === "" || forbidden.test(normal) ? password : normal;
}

/** RFC 3454, C.1.2. */
const otherSpaces = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** RFC 3454, B.1: soft hyphens, joiners, variation selectors. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: single characters by their numbers
const mappedToNothing = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g;
/** RFC 3454, C.2 to C.9: controls, private use, non-characters, surrogates, what changes the display. */
const forbidden =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd]/u;
