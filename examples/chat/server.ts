// A chat: users log in, join groups, and hear what the others in their group say.
import {
  Avatar,
  listen,
  MemoryUsers,
  PBError,
  Portal,
  type Realm,
  RemoteReference,
  Viewable,
} from "perspective-broker";
import type { Screen } from "./client.ts";

/** A group, which each user sees from a perspective of their own: it is told who says something, and needs not believe it. */
export class Group extends Viewable {
  readonly #members = new Set<User>();

  view_say(speaker: User, text: string) {
    if (!this.#members.has(speaker)) throw new PBError("you are not in this group");
    for (const { screen } of this.#others(speaker)) screen.callRemoteOnly("said", speaker.name, text);
  }

  view_others(asking: User) {
    return this.#others(asking).map(({ name }) => name);
  }

  add(user: User) {
    this.#members.add(user);
    for (const { screen } of this.#others(user)) screen.callRemoteOnly("came", user.name);
  }

  remove(user: User) {
    if (!this.#members.delete(user)) return;
    for (const { screen } of this.#others(user)) screen.callRemoteOnly("left", user.name);
  }

  #others(user: User) {
    return [...this.#members].filter((member) => member !== user);
  }
}

const groups = new Map<string, Group>();

/** One login of a user, in one group at a time. */
export class User extends Avatar {
  readonly name: string;
  /** The mind: an object of the client's, which is told what happens. Nobody waits for it. */
  readonly screen: RemoteReference<Screen>;
  #group: Group | undefined;

  constructor(name: string, screen: RemoteReference<Screen>) {
    super();
    this.name = name;
    this.screen = screen;
  }

  perspective_join(name: string) {
    this.leave();
    this.#group = groups.get(name) ?? new Group();
    groups.set(name, this.#group);
    this.#group.add(this);
    return this.#group;
  }

  leave() {
    this.#group?.remove(this);
    this.#group = undefined;
  }
}

const realm: Realm = {
  requestAvatar(name: string, mind: unknown) {
    if (!(mind instanceof RemoteReference)) throw new PBError("a mind is needed, that can be told what is said");
    const user = new User(name, mind);
    console.log(name, "has logged in");
    return {
      avatar: user,
      // However it ends: by giving the avatar back, or with the connection. Were it left out, the group would go on talking to
      // somebody who has gone, and count them twice when they come again.
      logout() {
        user.leave();
        console.log(name, "has logged out");
      },
    };
  },
};

// Passwords as they are, for an example. A PasswordFile has nothing in it that one could log in with.
const users = new MemoryUsers({ alice: "looking-glass", bob: "snark", carol: "jabberwock" });

// Our own clients log in by SCRAM. `md5` is for those on Twisted, which know nothing else: whoever reads along can then try
// passwords quickly, and what the server keeps of them is as good as they are. Without such clients leave it out.
const portal = new Portal(realm, { checkers: [users], md5: true });

const server = await listen(portal, `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
