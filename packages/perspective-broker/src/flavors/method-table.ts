// Which methods of an object can be reached from outside: those of its class chain with the prefix, and no others. A table is
// built once per class without running a getter; a name that a peer sends is looked up here and nowhere else. Here, too, the
// arguments of a call find their places and are checked.
import { DeclarationError } from "../errors.ts";
import type { Keywords } from "../values/keywords.ts";
import { type MethodSchemas, methodSchemas, validate } from "./schemas.ts";

export type Method = (...args: never[]) => unknown;

/** A method that can be reached. */
export interface RemoteMethod {
  /** Without the prefix. */
  readonly name: string;
  readonly fn: Method;
  /** The names of its parameters, from `static parameters`; undefined if there are none. */
  readonly parameters: readonly Parameter[] | undefined;
  /** What checks its arguments, from `static schemas`; undefined if nothing does. */
  readonly schemas: MethodSchemas | undefined;
}

interface Parameter {
  readonly name: string;
  readonly optional: boolean;
}

interface Table {
  readonly methods: ReadonlyMap<string, RemoteMethod>;
  /** The methods that run one at a time; `true` for all messages, undefined for none. */
  readonly synchronized: ReadonlySet<string> | true | undefined;
  /** What is wrong with the class, to be said when an object of it is first exported. */
  readonly problem: string | undefined;
}

const thenable = "then makes a promise of the object, so that no promise can give it; call the member something else";

/** The tables of one prefix, by class. */
export class MethodTables {
  readonly #prefix: string;
  readonly #byPrototype = new WeakMap<object, Table>();
  // The one that was asked for last: most often it is the next one, too.
  #last: { readonly prototype: object; readonly table: Table } | undefined;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The method of that name (without the prefix), or undefined. */
  find(object: object, name: string): RemoteMethod | undefined {
    return this.#table(Object.getPrototypeOf(object)).methods.get(name);
  }

  /** Whether a message has to wait until no other such message of the object is handled. */
  synchronizes(object: object, name: string): boolean {
    const { synchronized } = this.#table(Object.getPrototypeOf(object));
    return synchronized !== undefined && (synchronized === true || synchronized.has(name));
  }

  /** Throws DeclarationError if the object or its class declares a method in a way that is refused. */
  check(object: object): void {
    const { problem } = this.#table(Object.getPrototypeOf(object));
    const name = object.constructor?.name || "an unnamed class";
    if (problem !== undefined) throw new DeclarationError(`${name}: ${problem}`);
    if (Object.hasOwn(object, "then")) throw new DeclarationError(`${name}: ${thenable}`);
    for (const key of Object.getOwnPropertyNames(object)) {
      if (!key.startsWith(this.#prefix)) continue;
      const text = `${key} is a property of the object; only methods of its class can be called from outside`;
      throw new DeclarationError(`${name}: ${text}`);
    }
  }

  #table(prototype: object): Table {
    if (this.#last?.prototype === prototype) return this.#last.table;
    let table = this.#byPrototype.get(prototype);
    if (table === undefined) {
      table = this.#build(prototype);
      this.#byPrototype.set(prototype, table);
    }
    this.#last = { prototype, table };
    return table;
  }

  #build(prototype: object): Table {
    const problems: string[] = [];
    const parameters = parametersOf(prototype, problems);
    const schemas = schemasOf(prototype, problems);
    const methods = new Map<string, RemoteMethod>();
    const seen = new Set<string>();
    for (let p: object | null = prototype; p !== null && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
      if (Object.hasOwn(p, "then")) problems.push(thenable);
      for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(p))) {
        if (!key.startsWith(this.#prefix) || seen.has(key)) continue;
        seen.add(key);
        const name = key.slice(this.#prefix.length);
        if (typeof descriptor.value !== "function") {
          problems.push(`${key} is no method; only methods can be called from outside`);
        } else if (name !== "") {
          methods.set(name, {
            name,
            fn: descriptor.value,
            parameters: parameters.get(name),
            schemas: schemas.get(name),
          });
        }
      }
    }
    for (const name of parameters.keys()) {
      if (!methods.has(name)) problems.push(`static parameters names ${name}, but there is no ${this.#prefix}${name}`);
    }
    for (const [name, { args }] of schemas) {
      if (!methods.has(name)) problems.push(`static schemas names ${name}, but there is no ${this.#prefix}${name}`);
      const names = parameters.get(name)?.length ?? args.length;
      if (names !== args.length) {
        problems.push(`static schemas has ${args.length} schemas for ${name}, and static parameters ${names} names`);
      }
    }
    const synchronized = synchronizedOf(prototype, problems);
    for (const name of synchronized === true ? [] : (synchronized ?? [])) {
      if (!methods.has(name))
        problems.push(`static synchronized names ${name}, but there is no ${this.#prefix}${name}`);
    }
    return { methods, synchronized, problem: problems[0] };
  }
}

/** A caller's mistake, not the method's: it is a TypeError to the caller and no matter for the log. */
export class WrongArguments extends TypeError {}

/**
 * Calls a method with what its caller gave. The avatar of a `view_` method goes before that. It is called later, and a promise
 * returned, only if a schema is asynchronous.
 */
export function callMethod(
  method: RemoteMethod,
  object: object,
  args: unknown[],
  keywords: Keywords | undefined,
  avatar?: object | null,
): unknown {
  const given = argumentsFor(method, args, keywords);
  if (!Array.isArray(given)) return given.then((ready) => apply(method, object, ready, avatar));
  return apply(method, object, given, avatar);
}

function apply({ fn }: RemoteMethod, object: object, given: unknown[], avatar: object | null | undefined): unknown {
  return Reflect.apply(fn, object, avatar === undefined ? given : [avatar, ...given]);
}

/**
 * What a method is called with: the arguments in their places, as its schemas give them back. A promise only if one of these
 * is asynchronous. Throws TypeError, or InvalidArguments.
 */
export function argumentsFor(
  method: RemoteMethod,
  args: unknown[],
  keywords: Keywords | undefined,
): unknown[] | Promise<unknown[]> {
  const bound = bindArguments(method, args, keywords);
  if (method.schemas === undefined) return bound;
  const { name, parameters, schemas } = method;
  return validate(schemas, bound, { method: name, parameters, positional: args.length, keywords });
}

/**
 * The arguments to call a method with: keywords put in their places by `static parameters`, or added as the last argument if
 * the method has none. Throws TypeError, as Python does, for what is missing, superfluous, unknown or given twice.
 */
function bindArguments(method: RemoteMethod, args: unknown[], keywords: Keywords | undefined): unknown[] {
  const { name, parameters } = method;
  if (parameters === undefined) return keywords === undefined ? args : [...args, keywords];
  if (args.length > parameters.length) {
    throw new WrongArguments(`${name}() takes ${parameters.length} arguments but ${args.length} were given`);
  }
  const bound = args.slice();
  for (const [keyword, value] of keywords ?? []) {
    const at = parameters.findIndex((parameter) => parameter.name === keyword);
    if (at < 0) throw new WrongArguments(`${name}() got an unexpected keyword argument '${keyword.slice(0, 80)}'`);
    if (at < args.length) throw new WrongArguments(`${name}() got multiple values for argument '${keyword}'`);
    while (bound.length <= at) bound.push(undefined);
    bound[at] = value;
  }
  for (let i = args.length; i < parameters.length; i++) {
    const parameter = parameters[i] as Parameter;
    if (!parameter.optional && !keywords?.has(parameter.name)) {
      throw new WrongArguments(`${name}() missing the argument '${parameter.name}'`);
    }
  }
  return bound;
}

/** `static parameters` of the class and its bases. */
function parametersOf(prototype: object, problems: string[]): ReadonlyMap<string, readonly Parameter[]> {
  const found = new Map<string, readonly Parameter[]>();
  for (const { kind, name, value: list } of declared(prototype, "parameters", "lists of names", problems)) {
    if (!Array.isArray(list) || list.some((parameter) => typeof parameter !== "string")) {
      problems.push(`static parameters of ${kind}: ${name} must be a list of names`);
      continue;
    }
    const parsed = list.map((text: string) => ({ name: text.replace(/\?$/, ""), optional: text.endsWith("?") }));
    const late = parsed.find((parameter, i) => !parameter.optional && parsed[i - 1]?.optional);
    if (late !== undefined)
      problems.push(`static parameters of ${kind}: ${name}: ${late.name} follows an optional one`);
    if (new Set(parsed.map((parameter) => parameter.name)).size < parsed.length) {
      problems.push(`static parameters of ${kind}: ${name} names a parameter twice`);
    }
    found.set(name, parsed);
  }
  return found;
}

/** `static schemas` of the class and its bases. */
function schemasOf(prototype: object, problems: string[]): ReadonlyMap<string, MethodSchemas> {
  const found = new Map<string, MethodSchemas>();
  for (const { kind, name, value } of declared(prototype, "schemas", "schemas of arguments", problems)) {
    const schemas = methodSchemas(value);
    if (typeof schemas === "string") problems.push(`static schemas of ${kind}: ${name}: ${schemas}`);
    else found.set(name, schemas);
  }
  return found;
}

interface Declared {
  /** The name of the class. */
  readonly kind: string;
  /** Of the method. */
  readonly name: string;
  readonly value: unknown;
}

/** The entries of a static table of the class and its bases; a class's own entries go before those of its bases. */
function declared(prototype: object, table: string, contents: string, problems: string[]): readonly Declared[] {
  const found = new Map<string, Declared>();
  for (let c: unknown = prototype.constructor; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (!Object.hasOwn(c, table)) continue;
    const given: unknown = (c as unknown as Record<string, unknown>)[table];
    if (typeof given !== "object" || given === null) {
      problems.push(`static ${table} of ${c.name} must be an object of ${contents}`);
      continue;
    }
    for (const [name, value] of Object.entries(given)) {
      if (!found.has(name) && value !== undefined) found.set(name, { kind: c.name, name, value });
    }
  }
  return [...found.values()];
}

/** `static synchronized` of the class and its bases together. */
function synchronizedOf(prototype: object, problems: string[]): ReadonlySet<string> | true | undefined {
  const names = new Set<string>();
  let all = false;
  for (let c: unknown = prototype.constructor; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (!Object.hasOwn(c, "synchronized")) continue;
    const given: unknown = (c as { synchronized?: unknown }).synchronized;
    if (typeof given === "boolean" || given === undefined) all ||= given === true;
    else if (Array.isArray(given) && given.every((name) => typeof name === "string")) {
      for (const name of given) names.add(name);
    } else problems.push(`static synchronized of ${c.name} must be true or a list of names`);
  }
  if (all) return true;
  return names.size > 0 ? names : undefined;
}
