"""pb1's server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.internet import reactor
from twisted.spread import pb


class Two(pb.Referenceable):
    def remote_three(self, n):
        print("Two.three was given", n)
        return n * 3


class One(pb.Root):
    def remote_getTwo(self):
        print("returning a Two")
        return Two()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(One()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
