"""The copies' server on Twisted: `python server.py [PORT]`."""
import sys

import ponds  # registers the classes
from twisted.internet import reactor
from twisted.spread import pb


class Receiver(pb.Root):
    def remote_takePond(self, pond):
        print("received", pond.describe())
        return pond.describe()

    def remote_train(self, frog):
        print("received a frog:", frog.describe())
        for _ in range(3):
            frog.croak()
        return frog


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(Receiver()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
