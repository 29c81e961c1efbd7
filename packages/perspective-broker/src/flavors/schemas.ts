// Arguments that `static schemas` checks before a method runs: what a class declares, and what becomes of a call's arguments.
// A call whose schemas are synchronous stays synchronous. What a peer can make an error say is bounded here.
import { type ArgumentIssue, InvalidArguments } from "../errors.ts";
import { Keywords } from "../values/keywords.ts";
import type { StandardIssue, StandardProps, StandardResult } from "./standard-schema.ts";

/** The schemas of one method, taken out of their wrapping. */
export interface MethodSchemas {
  readonly args: readonly Validator[];
  /** For each argument behind those; undefined if there may be none. */
  readonly rest: Validator | undefined;
}

/** How a caller knows the arguments, should one be wrong. */
export interface ArgumentNames {
  /** The name of the method. */
  readonly method: string;
  readonly parameters: readonly { readonly name: string }[] | undefined;
  /** So many came by their positions; others may have come by the names of their parameters. */
  readonly positional: number;
  readonly keywords: Keywords | undefined;
}

type Validator = Pick<StandardProps, "validate">;
type Validated = StandardResult<unknown>;

/** A schema may say more about hostile input than anybody reads. */
const ISSUES = 20;
const CHARACTERS = 200;
const STEPS = 20;
/** So many issues stand in the message; `issues` has all. */
const TOLD = 3;

/**
 * The arguments as the schemas give them back, in a promise only if one of these is asynchronous. They are validated one
 * after the other, a missing one as undefined. Throws InvalidArguments; what a schema throws is thrown on.
 */
export function validate(
  schemas: MethodSchemas,
  args: readonly unknown[],
  names: ArgumentNames,
): unknown[] | Promise<unknown[]> {
  if (schemas.rest === undefined && args.length > schemas.args.length) throw superfluous(schemas, args, names);
  const run: Run = { schemas, args, names, count: Math.max(args.length, schemas.args.length), outputs: [], issues: [] };
  const pending = advance(run);
  return pending === undefined ? outcome(run) : finish(run, pending);
}

/** The schemas of a method as a class declares them; a text says what is wrong with them. */
export function methodSchemas(declared: unknown): MethodSchemas | string {
  const { args, rest } = (declared ?? {}) as { readonly args?: unknown; readonly rest?: unknown };
  if (!Array.isArray(args)) return "must have its schemas in a list, args";
  const validators: Validator[] = [];
  for (let i = 0; i < args.length; i++) {
    const validator = validatorOf(args[i]);
    if (validator === undefined) return `args[${i}] is no Standard Schema`;
    validators.push(validator);
  }
  const more = validatorOf(rest);
  if (rest !== undefined && more === undefined) return "rest is no Standard Schema";
  return { args: validators, rest: more };
}

interface Run {
  readonly schemas: MethodSchemas;
  readonly args: readonly unknown[];
  readonly names: ArgumentNames;
  readonly count: number;
  /** One for each argument so far, be it right or wrong: so its length is where the run stands. */
  readonly outputs: unknown[];
  readonly issues: Wrong[];
}

interface Wrong extends ArgumentIssue {
  readonly argument: number;
}

/** Goes on until the end, or until a schema promises its result: that is returned. */
function advance(run: Run): PromiseLike<Validated> | undefined {
  const { schemas, args, count, outputs, issues } = run;
  while (outputs.length < count && issues.length < ISSUES) {
    const at = outputs.length;
    const schema = (schemas.args[at] ?? schemas.rest) as Validator;
    const result = schema.validate(args[at]);
    if (isPromise(result)) return result;
    take(run, result);
  }
  return undefined;
}

async function finish(run: Run, first: PromiseLike<Validated>): Promise<unknown[]> {
  for (let pending: PromiseLike<Validated> | undefined = first; pending !== undefined; pending = advance(run)) {
    take(run, await pending);
  }
  return outcome(run);
}

function take({ names, outputs, issues }: Run, result: Validated): void {
  const argument = outputs.length;
  if (result.issues === undefined) {
    outputs.push(result.value);
    return;
  }
  outputs.push(undefined);
  for (const issue of result.issues) {
    if (issues.length === ISSUES) return;
    issues.push({ argument, path: pathOf(argument, issue, names), message: cut(oneLine(String(issue.message))) });
  }
  // A schema that refuses and gives no reason has refused all the same.
  if (result.issues.length === 0) issues.push({ argument, path: [headOf(argument, names)], message: "is refused" });
}

function outcome({ args, names, outputs, issues }: Run): unknown[] {
  if (issues.length > 0) throw invalid(names, issues);
  // An argument that was not given, and for which the schema gives nothing, is still not given: the method sees how many came.
  while (outputs.length > args.length && outputs.at(-1) === undefined) outputs.pop();
  return outputs;
}

function superfluous({ args: { length } }: MethodSchemas, args: readonly unknown[], names: ArgumentNames): Error {
  const message = args[length] instanceof Keywords ? "keywords are not expected" : "is not expected";
  return invalid(names, [{ argument: length, path: [length], message }]);
}

function invalid(names: ArgumentNames, issues: readonly Wrong[]): InvalidArguments {
  const told = issues.slice(0, TOLD).map((issue) => `${labelOf(issue, names)}: ${issue.message}`);
  if (issues.length > TOLD) told.push(`and ${issues.length - TOLD} more`);
  return new InvalidArguments(
    `${names.method}: ${told.join("; ")}`,
    issues.map(({ path, message }) => ({ path, message })),
  );
}

/** `argument 0 (order) at items[2].price` */
function labelOf({ argument, path: [head, ...inside] }: Wrong, names: ArgumentNames): string {
  const name = typeof head === "number" ? names.parameters?.[argument]?.name : undefined;
  const label = name === undefined ? `argument ${head}` : `argument ${head} (${name})`;
  const steps = inside.map((step, i) => {
    if (typeof step === "number") return `[${step}]`;
    if (/^[\p{L}_$][\p{L}\d_$]*$/u.test(step)) return i === 0 ? step : `.${step}`;
    return `[${oneLine(JSON.stringify(step))}]`;
  });
  return steps.length === 0 ? label : `${label} at ${cut(steps.join(""))}`;
}

function headOf(argument: number, names: ArgumentNames): string | number {
  if (argument < names.positional) return argument;
  const name = names.parameters?.[argument]?.name;
  return name !== undefined && names.keywords?.has(name) ? name : argument;
}

function pathOf(argument: number, { path = [] }: StandardIssue, names: ArgumentNames): (string | number)[] {
  const steps = path.slice(0, STEPS).map((step) => {
    const key = typeof step === "object" ? step.key : step;
    return typeof key === "number" && Number.isSafeInteger(key) ? key : cut(String(key));
  });
  return [headOf(argument, names), ...steps];
}

/** Cutting may halve a character, and half a one cannot be sent. */
function cut(text: string): string {
  return (text.length > CHARACTERS ? `${text.slice(0, CHARACTERS - 1)}…` : text).toWellFormed();
}

/** Fit for a line of a log. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

/** Of ArkType's schemas each is a function. */
function validatorOf(schema: unknown): Validator | undefined {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return undefined;
  const { "~standard": props } = schema as { readonly "~standard"?: unknown };
  if (typeof props !== "object" || props === null) return undefined;
  const { version, validate } = props as { readonly version?: unknown; readonly validate?: unknown };
  return version === 1 && typeof validate === "function" ? (props as Validator) : undefined;
}

function isPromise(result: Validated | PromiseLike<Validated>): result is PromiseLike<Validated> {
  return result instanceof Promise || typeof (result as { then?: unknown }).then === "function";
}
