"""The copies' client on Twisted: `python client.py [PORT]`."""
import sys

from ponds import CopyPond, Frog, Puddle
from twisted.internet.task import react
from twisted.spread import jelly, pb


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    receiver = await factory.getRootObject()

    pond = CopyPond("green", 3, 2)
    print("they have received", await receiver.callRemote("takePond", pond))

    kermit = Frog("Kermit")
    trained = await receiver.callRemote("train", kermit)
    print("their frog:", trained.describe())
    print("our frog:", kermit.describe())

    await receiver.callRemote("takePond", Puddle()).addErrback(refused)


def refused(failure):
    failure.trap(jelly.InsecureJelly)
    print("they do not know a Puddle")


react(main, sys.argv[1:])
