// Objects that are seen from a perspective (spec §6.3): each avatar that is given a Viewable holds a view of it, and the
// `view_` methods get that avatar first.
import { NoSuchMethod } from "../errors.ts";
import type { Keywords } from "../values/keywords.ts";
import { principalOf } from "./avatar.ts";
import { callMethod, MethodTables } from "./method-table.ts";
import { Referenceable } from "./referenceable.ts";

const methods = new MethodTables("view_");

/**
 * Base of objects whose callers are known: `view_say(avatar, text)` is called as `callRemote("say", text)`. What is handed
 * back to the owner arrives as a `ViewPoint`, so this is what a parameter is declared as: `view: ViewPoint<Group>`.
 */
export abstract class Viewable {
  declare readonly "~pb": "view";
  declare readonly "~pbTarget"?: this;
}

/** One avatar's view of one Viewable: what crosses in its place, and what the owner gets when it is handed back. */
export class ViewPoint<T extends Viewable = Viewable> extends Referenceable {
  declare readonly "~pbStandsFor": T;
  readonly perspective: object | null;
  readonly object: T;

  /** @internal Always the same one for the same pair: `viewPoint`. */
  constructor(perspective: object | null, object: T) {
    super();
    this.perspective = perspective;
    this.object = object;
  }

  override remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown {
    const method = methods.find(this.object, message);
    if (method === undefined) throw NoSuchMethod.attribute(this.object, `view_${message}`);
    return callMethod(method, this.object, args, keywords, this.perspective);
  }

  override answeringObject(): object {
    return this.object;
  }

  override callingPerspective(): object | null {
    return this.perspective;
  }

  override callingPrincipal(): unknown {
    return this.perspective === null ? undefined : principalOf(this.perspective);
  }

  override synchronizedOn(message: string): object | undefined {
    return methods.synchronizes(this.object, message) ? this.object : undefined;
  }

  override checkDeclarations(): void {
    methods.check(this.object);
  }
}

const nobody = {};
const views = new WeakMap<object, WeakMap<Viewable, WeakRef<ViewPoint>>>();

/** The view of an object from a perspective; null is nobody's. */
export function viewPoint<T extends Viewable>(perspective: object | null, object: T): ViewPoint<T> {
  const key = perspective ?? nobody;
  let byObject = views.get(key);
  if (byObject === undefined) {
    byObject = new WeakMap();
    views.set(key, byObject);
  }
  let view = byObject.get(object)?.deref();
  if (view === undefined) {
    view = new ViewPoint(perspective, object);
    byObject.set(object, new WeakRef(view));
  }
  return view as ViewPoint<T>;
}
