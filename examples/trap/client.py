"""The trap's client on Twisted: `python client.py [PORT]`."""
import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.spread import jelly, pb


class MyException(pb.Error):
    pass


class ScaryObject(pb.Copyable):
    """Twisted sends this one, but the other side has never heard of the class and refuses it.

    Without Copyable it would arrive as an Unpersistable, and the call would succeed.
    """


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    one = await factory.getRootObject()
    gone = Deferred()
    one.notifyOnDisconnect(gone.callback)

    await doCall(one, "callOne: a safe argument", "safe string")
    await doCall(one, "callTwo: a dangerous argument", ScaryObject())
    await doCall(one, "callThree: an error over there", "panic!")

    print("telling them to shut down")
    one.callRemote("shutdown", pbanswer=False)  # who shuts down may not answer
    await gone
    await doCall(one, "callFour: a stale reference", "dummy")


async def doCall(one, explanation, arg):
    print(explanation)
    try:
        deferred = one.callRemote("fooMethod", arg)
    except pb.DeadReferenceError:  # the only one that does not come through the Deferred
        print("  a stale reference: they have gone")
    else:
        await deferred.addCallbacks(worked, failed)


def worked(response):
    print("  it worked:", response)


def failed(failure):
    if failure.check(jelly.InsecureJelly):
        print("  refused there: a class that they do not know")
    elif failure.check(MyException):
        print("  they raised a MyException")
    else:
        print("  something else happened:", failure)


react(main, sys.argv[1:])
