"""
Calls a method that never answers, and says how the call and its references end.

    python3 wait_for_loss.py --port N

Prints 'WAITING' when the call is on its way and the server has answered a later one, and at the end one line:
'LOST type reason told stale', each the name of what came: the failure of the call, the transport's reason in it, how many
notifyOnDisconnect callbacks were called, and the exception of a call made afterwards.
"""
import argparse

from twisted.internet import defer, reactor
from twisted.python import log
from twisted.spread import pb


async def main(port):
    factory = pb.PBClientFactory()
    factory.noisy = False
    reactor.connectTCP("127.0.0.1", port, factory)
    root = await factory.getRootObject()
    two = await root.callRemote("getTwo")
    told = []
    two.notifyOnDisconnect(told.append)
    failed = []
    waiting = root.callRemote("later", 600.0, "never")
    waiting.addErrback(failed.append)
    assert await root.callRemote("echo", 1) == 1
    print("WAITING", flush=True)
    await waiting
    lost = failed[0]
    # Notifiers are called after the waiting calls have failed.
    await defer.maybeDeferred(lambda: None)
    gone = defer.Deferred()
    reactor.callLater(0.1, gone.callback, None)
    await gone
    try:
        two.callRemote("three", 1)
        stale = "none"
    except Exception as e:
        stale = type(e).__name__
    reason = lost.value.args[0].type.__name__
    print("LOST", lost.type.__name__, reason, len(told), stale, flush=True)


def run():
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, required=True)
    a = ap.parse_args()
    log.startLoggingWithObserver(lambda event: None, setStdout=False)

    def go():
        d = defer.ensureDeferred(main(a.port))
        d.addErrback(lambda f: print("FAILED", f.getTraceback(), flush=True))
        d.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(go)
    reactor.run()


run()
