"""pb3's client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.task import react
from twisted.spread import pb


class Two(pb.Referenceable):
    def remote_print(self, n):
        print("Two.print was called with", n)


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    one = await factory.getRootObject()

    print("giving One our Two")
    await one.callRemote("takeTwo", Two())
    print("One has had its Two")


react(main, sys.argv[1:])
