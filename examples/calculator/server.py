"""One calculator on Twisted: `python server.py [PORT]`."""
import random
import sys

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.spread import pb


class Calculator(pb.Root):
    def remote_square(self, n):
        return deferLater(reactor, random.uniform(0.08, 0.12), lambda: n * n)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(Calculator()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
