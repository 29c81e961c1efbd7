// Logins at the Portal, each way that a password can go.
import { Anonymous, RemoteReference, UnauthorizedLogin, UsernamePassword } from "perspective-broker";
import { equal, failureOf, holds, instance, remoteError } from "./checks.ts";
import { alice, bob, byMD5, type Scenario, scenario } from "./scenario.ts";

export const logins: readonly Scenario[] = [
  scenario("login_ok", "login with the right password; the avatar's name is bytes", async (peer) => {
    // `true` asks for SCRAM first, which servers on real Twisted do not know.
    for (const allowMD5 of ["only", true] as const) {
      const avatar = instance(await peer.login(alice, { allowMD5 }), RemoteReference);
      equal(await avatar.callRemote("whoami"), bytes("alice"), `whoami, allowMD5 ${allowMD5}`);
    }
  }),

  scenario(
    "login_bad_password",
    "wrong password, unknown user; the connection can be used for another try",
    async (peer) => {
      const connection = await peer.portal();
      for (const allowMD5 of ["only", true] as const) {
        for (const wrong of [new UsernamePassword("alice", "wrong"), new UsernamePassword("mallory", "secret")]) {
          const error = instance(await failureOf(connection.login(wrong, { allowMD5 })), UnauthorizedLogin);
          const type = "twisted.cred.error.UnauthorizedLogin";
          remoteError(error.cause, type, "", "twisted.cred.error.LoginFailed");
        }
        const avatar = await connection.login(alice, { allowMD5 });
        equal(await avatar.callRemote("whoami"), bytes("alice"), "whoami after wrong passwords");
      }
    },
  ),

  scenario("login_anonymous", "anonymous login", async (peer) => {
    const anybody = await peer.login(new Anonymous());
    equal(await anybody.callRemote("whoami"), bytes("anonymous"));
  }),

  scenario("login_concurrent", "two users at once over one connection", async (peer) => {
    const connection = await peer.portal();
    const [a, b] = await Promise.all([connection.login(alice, byMD5), connection.login(bob, byMD5)]);
    equal(await a.callRemote("whoami"), bytes("alice"));
    equal(await b.callRemote("whoami"), bytes("bob"));
    const again = await connection.login(alice, byMD5);
    holds(!again.sameAs(a), "each login has an avatar of its own");
    a.release();
    equal(await again.callRemote("whoami"), bytes("alice"), "after another login of the same user has ended");
  }),
];

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
