"""The calculation on Twisted: `python client.py PORT [PORT ...]`, the ports of calculators that run already."""
import sys

from twisted.internet.defer import gatherResults
from twisted.internet.task import cooperate, react
from twisted.spread import pb

COUNT = 60
AT_A_TIME = 2  # on each calculator


async def main(reactor, *ports):
    ports = ports or ("8800",)
    roots = []
    for port in ports:
        factory = pb.PBClientFactory()
        reactor.connectTCP("127.0.0.1", int(port), factory)
        roots.append(await factory.getRootObject())

    results = {}
    shares = [0] * len(roots)

    def got(result, n, which):
        results[n] = result
        shares[which] += 1
        if len(results) % 10 == 0:
            print(f"  {len(results):3} of {COUNT}")

    # One list for all: who is done with a calculation takes the next.
    numbers = iter(range(1, COUNT + 1))

    def work(which):
        for n in numbers:
            yield roots[which].callRemote("square", n).addCallback(got, n, which)

    workers = [work(which) for which in range(len(roots)) for _ in range(AT_A_TIME)]
    await gatherResults([cooperate(worker).whenDone() for worker in workers])

    print("\nShares")
    for port, share in zip(ports, shares):
        print(f"  tcp://127.0.0.1:{port}  {share:2}")
    print(f"\nTotal: {sum(results.values())}")


react(main, sys.argv[1:])
