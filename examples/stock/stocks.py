"""A stock and its copies; a module, because its name is part of the class's name on the wire."""
from twisted.spread import pb


class Stock(pb.Cacheable):
    """What the exchange has."""

    def __init__(self, name, price):
        self.name = name
        self.price = price
        self.observers = []

    def setPrice(self, price):
        self.price = price
        for observer in self.observers:
            observer.callRemote("price", price).addErrback(lambda failure: None)  # it has gone

    def getStateToCacheAndObserveFor(self, perspective, observer):
        self.observers.append(observer)
        return {"name": self.name, "price": self.price}

    def stoppedObserving(self, perspective, observer):
        # not remove(): Twisted cannot compare the observers of different connections (its issue 9671)
        self.observers = [other for other in self.observers if other.broker is not observer.broker]
        print("a holder has gone, there are", len(self.observers))


class RemoteStock(pb.RemoteCache):
    """What its holders have."""

    def __init__(self):
        self.changed = lambda message, *args: None

    def observe_price(self, price):
        self.price = price
        self.changed("price", price)


pb.setUnjellyableForClass(Stock, RemoteStock)
