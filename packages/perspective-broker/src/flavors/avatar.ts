// The object that stands for a logged-in user (spec §6.2). What it is given and what it returns is encoded and decoded from its
// perspective.
import { NoSuchMethod } from "../errors.ts";
import type { Keywords } from "../values/keywords.ts";
import { callMethod, MethodTables } from "./method-table.ts";
import { Referenceable } from "./referenceable.ts";

const methods = new MethodTables("perspective_");

/** What a realm gives out for a user. `args` and `keywords` are decoded values. */
export interface IPerspective {
  perspectiveMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown;
}

/** Base of avatars: `perspective_say(text)` is called as `callRemote("say", text)` by that user only. */
export abstract class Avatar implements IPerspective {
  declare readonly "~pb": "avatar";
  declare readonly "~pbTarget"?: this;

  /** Every message of the user comes through here. The stock one calls `perspective_message`. */
  perspectiveMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    const method = methods.find(this, message);
    if (method === undefined) throw NoSuchMethod.attribute(this, `perspective_${message}`);
    return callMethod(method, this, args, keywords);
  }
}

/** Who logged in as an avatar, as the checker said; undefined if that were different principals. */
export function principalOf(avatar: object): unknown {
  const principal = principals.get(avatar);
  return principal === SEVERAL ? undefined : principal;
}

const principals = new WeakMap<object, unknown>();
const SEVERAL = Symbol("several");

/** What crosses for an avatar, made anew for each login: each has its own logout. */
export class AvatarReference<T extends IPerspective = IPerspective> extends Referenceable {
  declare readonly "~pbStandsFor": T;
  readonly avatar: T;
  readonly principal: unknown;

  constructor(avatar: T, principal: unknown) {
    super();
    this.avatar = avatar;
    this.principal = principal;
    const shared = principals.has(avatar) && !Object.is(principals.get(avatar), principal);
    principals.set(avatar, shared ? SEVERAL : principal);
  }

  override remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    return this.avatar.perspectiveMessageReceived(message, args, keywords);
  }

  override synchronizedOn(message: string): object | undefined {
    return methods.synchronizes(this.avatar, message) ? this.avatar : undefined;
  }

  override answeringObject(): object {
    return this.avatar;
  }

  override callingPerspective(): object {
    return this.avatar;
  }

  override callingPrincipal(): unknown {
    return this.principal;
  }

  override checkDeclarations(): void {
    methods.check(this.avatar);
  }
}
