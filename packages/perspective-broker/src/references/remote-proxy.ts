// `ref.remote.foo(1)` for `ref.callRemote("foo", 1)`. It must never look like a promise or anything else that a runtime or a
// framework probes for: no symbols, no `then`, no `toJSON`. Those names are reached by callRemote.

interface CanCall {
  callRemote(name: string, ...args: unknown[]): unknown;
}

const handler: ProxyHandler<Methods> = {
  get(methods, name) {
    if (typeof name !== "string" || name === "then" || name === "toJSON") return undefined;
    let method = methods.byName.get(name);
    if (method === undefined) {
      method = (...args) => methods.callee.callRemote(name, ...args);
      methods.byName.set(name, method);
    }
    return method;
  },
  has: (_methods, name) => typeof name === "string" && name !== "then" && name !== "toJSON",
  set: () => false,
  deleteProperty: () => false,
  defineProperty: () => false,
  ownKeys: () => [],
  getOwnPropertyDescriptor: () => undefined,
  getPrototypeOf: () => null,
};

interface Methods {
  readonly callee: CanCall;
  readonly byName: Map<string, (...args: unknown[]) => unknown>;
}

const proxies = new WeakMap<object, object>();

/** The proxy of a reference, always the same one. */
export function remoteProxy(callee: CanCall): object {
  let proxy = proxies.get(callee);
  if (proxy === undefined) {
    proxy = new Proxy({ callee, byName: new Map() }, handler);
    proxies.set(callee, proxy);
  }
  return proxy;
}
