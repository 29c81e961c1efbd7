"""
One connection that is used for long: rounds of calls in all directions, many of them under way at the same time.

    python3 long_session.py --port N [--rounds R]

Prints 'DONE rounds exports live': how many rounds, how many objects this side still exports, and how many the server does;
or 'FAILED' and why.
"""
import argparse
import gc

from twisted.internet import defer, reactor, task
from twisted.python import log
from twisted.spread import pb


class Doubler(pb.Referenceable):
    def remote_double(self, x):
        return [x, x]


def check(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r:.100}, wanted {want!r:.100}")


async def oneRound(root, i):
    text = "\u00e4\U0001f96a" * (i % 300)
    data = bytes(range(256)) * (i % 40)
    value = {"i": i, "f": i / 4, "t": (text, data), "l": [None, True, -i, 2**60 + i], data: [text]}
    mine = Doubler()
    answers = await defer.gatherResults(
        [
            root.callRemote("echo", value),
            root.callRemote("later", 0.001 * (i % 3), [text, i]),
            root.callRemote("callBack", mine, "double", data),
            root.callRemote("newTwo"),
        ]
    )
    check(answers[0], value, "echo")
    check(answers[1], [text, i], "later")
    check(answers[2], [data, data], "callBack")
    check(await answers[3].callRemote("three", i), ("three", i), "three")
    root.callRemote("nosuch", pbanswer=False)


async def main(port, rounds):
    factory = pb.PBClientFactory()
    factory.noisy = False
    reactor.connectTCP("127.0.0.1", port, factory)
    root = await factory.getRootObject()
    for start in range(0, rounds, 10):
        await defer.gatherResults(
            [defer.ensureDeferred(oneRound(root, i)) for i in range(start, min(start + 10, rounds))]
        )
    for _ in range(100):
        gc.collect()
        live = await root.callRemote("liveRefs")
        if not live and not root.broker.localObjects:
            break
        await task.deferLater(reactor, 0.02, lambda: None)
    print("DONE", rounds, len(root.broker.localObjects), live, flush=True)


def run():
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, required=True)
    ap.add_argument("--rounds", type=int, default=500)
    a = ap.parse_args()
    log.startLoggingWithObserver(lambda event: None, setStdout=False)

    def go():
        d = defer.ensureDeferred(main(a.port, a.rounds))
        d.addErrback(lambda f: print("FAILED", f.getTraceback(), flush=True))
        d.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(go)
    reactor.run()


run()
