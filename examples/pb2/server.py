"""pb2's server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.internet import reactor
from twisted.spread import pb


class Two(pb.Referenceable):
    def remote_print(self, text):
        print("Two.print was given", text)


class One(pb.Root):
    def __init__(self, two):
        self.two = two

    def remote_getTwo(self):
        print("One.getTwo: here is my Two")
        return self.two

    def remote_checkTwo(self, two):
        same = two is self.two
        print("One.checkTwo: our Twos are the same" if same else "One.checkTwo: this is not my Two")
        return same


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(One(Two())), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
