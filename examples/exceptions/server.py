"""The exceptions' server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.internet import reactor
from twisted.spread import pb


class MyError(pb.Error):
    """Expected: part of what a method says to its caller."""


class MyError2(Exception):
    """Not expected: logged here."""


class One(pb.Root):
    def remote_broken(self):
        print("raising a MyError")
        raise MyError("fall down go boom")

    def remote_broken2(self):
        print("raising a MyError2")
        raise MyError2("hadda owie")


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(One()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
