// How a form or class that is not admitted is refused: in Twisted's words to the peer, and with a cause that says to this side
// what would admit it.
import { DeclarationError, InsecureJelly } from "../../errors.ts";
import { formNames } from "./forms.ts";

/** The text is Python's repr of the byte string (spec §3.7). */
export function refused(name: string): InsecureJelly {
  return insecure(name, `b'${name.replace(/[\\']/g, "\\$&")}'`);
}

/** A class that nobody registered here (spec §3.7, step 6). */
export function unregistered(tag: string): InsecureJelly {
  return insecure(tag, `Module ${tag.slice(0, Math.max(tag.lastIndexOf("."), 0))} not allowed (in type ${tag}).`);
}

/** Twisted's text, for the peer; the cause says what would admit it, for this side. */
function insecure(name: string, message: string): InsecureJelly {
  if (formNames.includes(name)) return new InsecureJelly(message);
  const shown = JSON.stringify(name.slice(0, 80));
  const hint = `${shown} is not registered at this side; registerCopyable(${shown}, Class), or registerError for an error, would admit it`;
  return new InsecureJelly(message, { cause: new DeclarationError(hint) });
}
