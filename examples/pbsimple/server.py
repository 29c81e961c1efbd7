"""The echo server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.internet import reactor
from twisted.spread import pb


class Echoer(pb.Root):
    def remote_echo(self, text):
        print("echoing:", text)
        return text


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8789
listening = reactor.listenTCP(port, pb.PBServerFactory(Echoer()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
