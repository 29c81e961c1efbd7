"""The users' client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.cred.credentials import Anonymous, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.task import react
from twisted.spread import pb


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)

    guest = await factory.login(Anonymous())
    print("a guest reads:", ", ".join(await guest.callRemote("read")))
    await guest.callRemote("write", "me too").addErrback(explain, AttributeError, "a guest cannot write")
    del guest  # logs out

    login = factory.login(UsernamePassword(b"alice", b"wonderland"))
    await login.addErrback(explain, UnauthorizedLogin, "a wrong password is refused")

    alice = await factory.login(UsernamePassword(b"alice", b"looking-glass"))
    await alice.callRemote("write", "I was here")
    print("alice reads:", ", ".join(await alice.callRemote("read")))


def explain(failure, expected, text):
    failure.trap(expected)
    print(text)


react(main, sys.argv[1:])
