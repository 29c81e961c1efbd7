# META {"title":"Twisted PB (python<->python)","lang":"python","workloads":["W1","W2","W3","W4a","W4b","W5","W5leak","W6","W6mem","W7","W8","W9"],"variants":{"noanswer":{"title":"Twisted PB, events by pbanswer=0","workloads":["W8"]}}}
"""Twisted Perspective Broker over TCP, no delay on both ends.

banana.SIZE_LIMIT (640 KiB) is raised for W4a only: 1 MiB in one string is refused by default.
"""
from twisted.internet import reactor
from twisted.spread import banana, jelly, pb

for _module in (banana, pb, jelly):
    if hasattr(_module, "SIZE_LIMIT"):
        _module.SIZE_LIMIT = 1 << 24

_live = 0


def live():
    return _live


class NoDelay(pb.Broker):
    sizeLimit = 1 << 24

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        pb.Broker.connectionMade(self)


class Counter(pb.Referenceable):
    def __init__(self, value):
        global _live
        self.value = value
        _live += 1

    def __del__(self):
        global _live
        _live -= 1

    def remote_get(self):
        return self.value


class Api(pb.Root):
    def __init__(self, answered):
        self.subscribers = []
        self.keywords = {} if answered else {"pbanswer": 0}

    def remote_echo(self, value):
        return value

    def remote_make(self, value):
        return Counter(value)

    def remote_set_callback(self, callback):
        self.callback = callback

    def remote_poke(self, x):
        return self.callback.callRemote("call", x)

    def remote_subscribe(self, subscriber):
        self.subscribers.append(subscriber)

    def remote_publish(self, event):
        for subscriber in self.subscribers:
            subscriber.callRemote("call", event, **self.keywords)


class Sink(pb.Referenceable):
    def __init__(self, receive):
        self.receive = receive

    def remote_call(self, x):
        return self.receive(x)


def start_server(host, port, variant):
    factory = pb.PBServerFactory(Api(answered=variant != "noanswer"))
    factory.protocol = NoDelay
    return reactor.listenTCP(port, factory, interface=host, backlog=4096).getHost().port


class Client:
    def __init__(self, root, factory):
        self.root = root
        self.factory = factory

    def echo(self, value):
        return self.root.callRemote("echo", value)

    def ref_cycle(self, x):
        # the reference is dropped with the callback's frame, which sends the decref
        return self.root.callRemote("make", x).addCallback(lambda counter: counter.callRemote("get"))

    def set_callback(self, receive):
        self.sink = Sink(receive)
        return self.root.callRemote("set_callback", self.sink)

    def poke(self, x):
        return self.root.callRemote("poke", x)

    def subscribe(self, receive):
        self.sink = Sink(receive)
        return self.root.callRemote("subscribe", self.sink)

    def publish(self, event):
        self.root.callRemote("publish", event)


def connect(host, port, variant):
    factory = pb.PBClientFactory()
    factory.protocol = NoDelay
    reactor.connectTCP(host, port, factory)
    return factory.getRootObject().addCallback(lambda root: Client(root, factory))
