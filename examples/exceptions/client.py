"""The exceptions' client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.task import react
from twisted.spread import pb


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    one = await factory.getRootObject()
    for method in ["broken", "broken2"]:
        await one.callRemote(method).addErrback(explain, method)


def explain(failure, method):
    print(f"{method}: {failure.type.decode()}: {failure.getErrorMessage()}")
    print("  an expected error" if failure.check(pb.Error) else "  an unexpected error")
    if failure.check("__main__.MyError"):
        print("  to be precise, a MyError")


react(main, sys.argv[1:])
