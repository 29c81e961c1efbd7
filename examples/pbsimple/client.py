"""The echo client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.task import react
from twisted.spread import pb


async def main(reactor, port=8789):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    root = await factory.getRootObject()
    answer = await root.callRemote("echo", "hello network")
    print("server echoed:", answer)


react(main, sys.argv[1:])
