// All scenarios in the order in which they run, which is that of pb_client.py.
import { connections } from "./connection.ts";
import { errors } from "./errors.ts";
import { references } from "./references.ts";
import type { Scenario } from "./scenario.ts";
import { values } from "./values.ts";

export const scenarios: readonly Scenario[] = [...values, ...references, ...errors, ...connections];
