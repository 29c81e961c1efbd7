"""pb1's client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.task import react
from twisted.spread import pb


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    one = await factory.getRootObject()

    two = await one.callRemote("getTwo")
    print("three(12) is", await two.callRemote("three", 12))

    # Twisted has no call on a result that is still to come.
    another = await one.callRemote("getTwo")
    print("three(14) is", await another.callRemote("three", 14))


react(main, sys.argv[1:])
