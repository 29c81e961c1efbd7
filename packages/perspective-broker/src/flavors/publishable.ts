// Objects whose copies outlive the connection (spec §10): what is sent is only of when the state is, and the copy fetches the
// state itself if it has not kept it. The copy is remote-published.ts.
import { DeclarationError } from "../errors.ts";
import { wallClock } from "../platform/clock.ts";
import type { Observer } from "../references/observer.ts";
import { Float } from "../values/float.ts";
import { principalOf } from "./avatar.ts";
import { Cacheable } from "./cacheable.ts";
import { type Viewable, viewPoint } from "./viewable.ts";

/**
 * Base of objects with a large state that changes seldom. Every change of the state needs a `republish()`, or copies that were
 * kept elsewhere are taken for good; copies that are in use are not told.
 */
export abstract class Publishable extends Cacheable {
  /** Names the object among all that its server publishes, for ever. */
  readonly publishedID: string;
  /** When the state was last changed, in seconds since 1970. */
  timestamp: number;

  constructor(publishedID: string) {
    super();
    this.publishedID = publishedID;
    this.timestamp = wallClock();
  }

  /** The state has changed. */
  republish(timestamp: number = wallClock()): void {
    // Two changes within one tick of the clock are two states.
    this.timestamp = timestamp > this.timestamp ? timestamp : this.timestamp + 1e-6;
  }

  /** The state. The stock one is the object's own enumerable properties. */
  getStateToPublish(): object | Promise<object> {
    const { publishedID: _, timestamp: __, ...state } = this;
    return state;
  }

  /** The state for one perspective: the avatar that asks, or null. */
  getStateToPublishFor(_perspective: unknown): object | Promise<object> {
    return this.getStateToPublish();
  }

  /** What a copy calls that has not kept the state. */
  view_getStateToPublish(perspective: unknown): object | Promise<object> {
    return this.getStateToPublishFor(perspective);
  }

  /**
   * The name of a perspective, under which its state is kept apart from that of others. The stock one is the avatar's
   * `perspectiveName`, or else who logged in; `None` without a perspective, as Twisted has it.
   */
  getPerspectiveName(perspective: object | null): string {
    if (perspective === null) return "None";
    const { perspectiveName } = perspective as { perspectiveName?: unknown };
    if (typeof perspectiveName === "string") return perspectiveName;
    const principal = principalOf(perspective);
    if (typeof principal === "string") return principal;
    // The same for everybody, then it needs no name.
    if (this.getStateToPublishFor === Publishable.prototype.getStateToPublishFor) return "None";
    throw new DeclarationError(
      `${this.constructor.name} publishes a state of its own for each perspective: override getPerspectiveName`,
    );
  }

  /** The name of what the perspective belongs to. The stock one is `getService().serviceName` of the avatar, or `None`. */
  getServiceName(perspective: object | null): string {
    const { getService } = (perspective ?? {}) as { getService?: () => { serviceName?: unknown } };
    const name = typeof getService === "function" ? getService.call(perspective)?.serviceName : undefined;
    return typeof name === "string" ? name : "None";
  }

  override getStateToCacheAndObserveFor(perspective: object | null, _observer: Observer): object {
    return {
      // Any object's `view_` methods can be reached through a view; only sending makes a view of nothing but a Viewable.
      remote: viewPoint(perspective, this as unknown as Viewable),
      publishedID: this.publishedID,
      perspective: this.getPerspectiveName(perspective),
      service: this.getServiceName(perspective),
      timestamp: new Float(this.timestamp),
    };
  }
}
