"""pb2's client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.task import react
from twisted.spread import pb


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    one = await factory.getRootObject()

    print("asking One for its Two")
    two = await one.callRemote("getTwo")

    print("giving it back")
    same = await one.callRemote("checkTwo", two)
    print("One says: the same" if same else "One says: another")

    # Each receipt is a RemoteReference of its own; two for the same object are equal.
    again = await one.callRemote("getTwo")
    print("and here it is the same" if again == two else "and here it is another")


react(main, sys.argv[1:])
