// Users export such values. What TypeScript writes into their declaration files must stay short and have a name.

import type { Connection } from "../../src/connection/connection.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { One, Two } from "./shop.ts";

declare const connection: Connection<One>;

export type Named = [RemoteReference, Two]; // what the declarations name without an import() of their own

export const root = connection.root;
export const pending = root.callRemote("getTwo");
export const two = await pending;
export const number = pending.callRemote("three", 12);
export const maybe = root.callRemote("findTwo", "two");
export const view = root.with({ timeout: 500 });
export const calls = () => root.callRemote("getTwo").callRemote("three", 12);
