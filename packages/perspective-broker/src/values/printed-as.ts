// How Node's console and debugger print a value. The key lives in the global symbol registry, so naming it needs
// no import of node and costs other runtimes nothing. Set from a static block, because a declaration file that
// is made without type inference cannot have a method of that name.

/** Lets `util.inspect` print the instances of a class by `print`; `nested` prints a value inside, as far as it may. */
export function printedAs<T extends object>(
  type: { readonly prototype: T },
  print: (value: T, nested: (inner: unknown) => string) => string,
): void {
  Object.defineProperty(type.prototype, Symbol.for("nodejs.util.inspect.custom"), {
    configurable: true,
    writable: true,
    value(this: T, _depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
      return print(this, (inner) => inspect(inner, options));
    },
  });
}
