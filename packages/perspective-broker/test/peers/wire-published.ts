// The published object of the interop interface, with its name on the wire; pbtypes.py has the same.
import { Publishable, RemotePublished } from "perspective-broker";

export class News extends Publishable {
  static readonly wireName = "pbpeer.News";

  override getStateToPublish(): object {
    return { headline: "sandwich found", number: 7 };
  }
}

/** What it arrives as. */
export class RemoteNews extends RemotePublished {
  declare readonly headline: string;
  declare readonly number: number;
}
