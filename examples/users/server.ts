// A notice board: guests read it, users may write, too. Who somebody is is decided by the checkers of a Portal, what they can do
// by the avatar that they get.
import {
  ANONYMOUS,
  Avatar,
  allowAnonymous,
  currentCall,
  listen,
  MemoryUsers,
  Portal,
  type Realm,
} from "perspective-broker";

const notices = ["welcome"];

/** What a guest can do: the methods that begin with `perspective_`. */
export class Guest extends Avatar {
  perspective_read() {
    return notices;
  }
}

/** A user can do more. */
export class Member extends Guest {
  perspective_write(text: string) {
    notices.push(`${currentCall().principal}: ${text}`); // the user of this call, as the checker said
  }
}

const realm: Realm = {
  requestAvatar(principal) {
    const name = principal === ANONYMOUS ? "a guest" : principal;
    const avatar = principal === ANONYMOUS ? new Guest() : new Member();
    console.log(name, "has come");
    return { avatar, logout: () => console.log(name, "has gone") };
  },
};

// Passwords as they are, for an example. A PasswordFile has nothing in it that one could log in with.
const users = new MemoryUsers({ alice: "looking-glass", bob: "snark" });

// Our own clients log in by SCRAM. `md5` is for those on Twisted, which know nothing else: whoever reads along can then try
// passwords quickly, and what the server keeps of them is as good as they are. Without such clients leave it out.
const portal = new Portal(realm, { checkers: [users, allowAnonymous()], md5: true });

const server = await listen(portal, `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
