// What our calls fail with: the very error of the call that it depends on, if that is known.
import { NotAReference, RemoteError } from "../errors.ts";
import type { OutgoingCall } from "./calls.ts";
import { showWhere } from "./failures.ts";

/** Why the peer did not run a call, if it did not. */
export type NotRun = { readonly dependency: boolean } | undefined;

export function failureOf(call: OutgoingCall, error: unknown, notRun: NotRun): unknown {
  // What was called through it may have failed with it before.
  call.failure ??= failureAbove(call) ?? ownFailure(call, error, notRun);
  return call.failure;
}

function failureAbove({ parent }: OutgoingCall): unknown {
  return parent && (parent.failure ?? failureAbove(parent));
}

function ownFailure(call: OutgoingCall, error: unknown, notRun: NotRun): unknown {
  const { parent, method } = call;
  if (notRun?.dependency && parent !== undefined) {
    const where = `${JSON.stringify(parent.method)}, so what was called through its result was not called`;
    if (error instanceof Error) showWhere(error, `the remote method ${where}`);
    parent.failure = error;
    return error;
  }
  const noReference = error instanceof RemoteError && error.type === NotAReference.wireName && notRun !== undefined;
  const failure = noReference ? new NotAReference(error.message) : error;
  if (failure instanceof Error) showWhere(failure, `the remote method ${JSON.stringify(method)}`);
  return failure;
}
