"""The stock's server on Twisted: `python server.py [PORT]`."""
import sys

from stocks import Stock
from twisted.internet import reactor
from twisted.spread import pb


class Exchange(pb.Root):
    def __init__(self):
        self.stock = Stock("ACME", 10)

    def remote_getStock(self):
        return self.stock

    def remote_setPrice(self, price):
        print(self.stock.name, "is", price)
        self.stock.setPrice(price)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(Exchange()), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
