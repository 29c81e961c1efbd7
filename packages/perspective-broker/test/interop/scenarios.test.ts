// The scenarios of test/peers, our library at one end or both: every scenario is a test of its own in each combination.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, ours, type Program, serving, twisted } from "./programs.ts";
import { withEachTwisted } from "./twisted.ts";

const names = [
  ...["echo_str", "echo_bytes", "echo_int", "echo_float", "echo_none", "echo_bool", "echo_list", "echo_tuple"],
  ...[
    "echo_dict",
    "echo_set",
    "echo_nested",
    "echo_shared",
    "echo_circular",
    "echo_time",
    "kinds",
    "big_bytes",
    "kwargs",
  ],
  ...["get_two_three", "check_two", "take_two", "take_two_error"],
  ...["decref_after_gc", "decref_counts", "decref_from_server"],
  ...["error_expected", "error_unexpected", "error_known", "no_such_method", "bad_arguments", "bad_object_id"],
  ...["insecure_jelly", "unpersistable", "unserializable"],
  ...["copyable_from_server", "copyable_to_server", "copyable_circular", "copyable_factory"],
  ...["cacheable_from_server", "cacheable_twice", "cacheable_disconnect", "cacheable_to_server", "publishable"],
  ...["oneway", "out_of_order", "pager", "file_pager", "notify_on_disconnect", "connection_lost", "server_notices"],
  ...["login_ok", "login_bad_password", "login_anonymous", "login_concurrent"],
  ...["perspective", "mind", "viewable", "copyable_per_perspective", "logout"],
];

withEachTwisted("a Twisted client of our server", ({ path }) => {
  eachScenario(ours("server.ts"), (args) => twisted(path, "pb_client.py", ...args));
});

withEachTwisted("our client of a Twisted server", ({ path }) => {
  eachScenario(twisted(path, "pb_server.py"), (args) => ours("client.ts", ...args));
});

describe("our client of our server", () => {
  eachScenario(ours("server.ts"), (args) => ours("client.ts", ...args));
});

/** Runs all scenarios once and has a test for each, and one for how the client ends. */
function eachScenario(server: Program, client: (args: string[]) => Program): void {
  let stop: (() => Promise<void>) | undefined;
  let run = { code: null as number | null, stdout: "", stderr: "" };

  beforeAll(async () => {
    const running = await serving(server);
    stop = running.stop;
    const ports = ["--port", String(running.port), "--port2", String(running.port2)];
    run = await finished(client(ports), 120);
  }, 150_000);
  afterAll(() => stop?.());

  it.each(names)("%s", (name) => {
    const told = run.stdout.split("\n").find((line) => line.split(/[ :]/)[1] === name);
    expect(told ?? `nothing was said of ${name}\n${run.stdout}${run.stderr}`).toBe(`ok ${name}`);
  });

  it("ends with the count and status 0", () => {
    expect(run.stdout.trimEnd().split("\n").at(-1)).toBe(`${names.length} passed, 0 failed`);
    expect(run.code).toBe(0);
  });
}
