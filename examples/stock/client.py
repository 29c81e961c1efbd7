"""The stock's client on Twisted: `python client.py [PORT]`."""
import sys

import stocks  # registers the classes
from twisted.internet.defer import Deferred
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver
from twisted.spread import pb


class Input(LineReceiver):
    """Numbers that are typed become the price."""

    delimiter = b"\n"

    def __init__(self, exchange):
        self.exchange = exchange
        self.ended = Deferred()

    def lineReceived(self, line):
        if line.strip().isdigit():
            self.exchange.callRemote("setPrice", int(line), pbanswer=False)

    def connectionLost(self, reason):
        self.ended.callback(None)


async def main(reactor, port=8800):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    exchange = await factory.getRootObject()
    stock = await exchange.callRemote("getStock")
    print(f"{stock.name} is {stock.price}; type another price, or end the input")

    highest = stock.price

    def changed(message, *args):
        nonlocal highest
        highest = max(highest, stock.price)
        print(f"{stock.name}:", message, *args)

    stock.changed = changed
    commands = Input(exchange)
    terminal = StandardIO(commands)
    exchange.notifyOnDisconnect(lambda reference: terminal.loseConnection())
    await commands.ended
    print("the highest was", highest)


react(main, sys.argv[1:])
