// All scenarios in the order in which they run, which is that of pb_client.py.
import { caches } from "./caches.ts";
import { calls } from "./calls.ts";
import { connections } from "./connection.ts";
import { copies } from "./copies.ts";
import { errors } from "./errors.ts";
import { logins } from "./logins.ts";
import { paging } from "./paging.ts";
import { perspectives } from "./perspectives.ts";
import { publishing } from "./publishing.ts";
import { references } from "./references.ts";
import type { Scenario } from "./scenario.ts";
import { values } from "./values.ts";

export const scenarios: readonly Scenario[] = [
  ...[...values, ...references, ...errors],
  ...[...copies, ...caches, ...publishing],
  ...[...calls, ...paging, ...connections],
  ...[...logins, ...perspectives],
];
