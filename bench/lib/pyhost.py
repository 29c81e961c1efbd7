"""python3 lib/pyhost.py server PEER WORKLOAD | client PEER JSON: the Twisted twin of server-host.mjs, client-host.mjs
and workloads.mjs; keep them equal.

A Twisted peer is one file peers/x.py with a '# META {json}' line, start_server(host, port, variant) and
connect(host, port, variant), whose client's methods return Deferreds; see peers/pb.py.
"""
import gc
import importlib
import json
import os
import resource
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "peers"))
HOST = "127.0.0.1"
HELLO = "hello network"
clock = time.perf_counter
_out_lock = threading.Lock()


def main():
    role, peer = sys.argv[1], sys.argv[2]
    module, _, variant = peer.partition(":")
    if role == "server":
        serve(module, variant)
    else:
        Client(module, variant, json.loads(sys.argv[3])).run()


def say(word, body):
    with _out_lock:
        os.write(1, (word + " " + json.dumps(body) + "\n").encode())


def finish(result):
    say("RESULT", result)
    os._exit(0)


# ---------------------------------------------------------------- server


def serve(module, variant):
    from twisted.internet import defer, reactor

    peer = importlib.import_module(module)

    def start():
        started = defer.maybeDeferred(peer.start_server, HOST, 0, variant)
        started.addCallback(lambda port: say("READY", {"port": port, "pid": os.getpid()}))
        started.addErrback(lambda failure: (sys.stderr.write(failure.getTraceback()), os._exit(1)))

    def memory():
        for _ in range(3):
            gc.collect()
        live = getattr(peer, "live", None)
        say("MEM", {"rss": proc_rss(os.getpid()), "live": live() if live else None})

    def read_stdin():
        for line in sys.stdin:
            if line.strip() == "gc":
                reactor.callFromThread(memory)
        os._exit(0)

    reactor.callWhenRunning(start)
    threading.Thread(target=read_stdin, daemon=True).start()
    reactor.run(installSignalHandlers=False)
    os._exit(0)


# ---------------------------------------------------------------- what was used


def proc_cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        stat = f.read()
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


def proc_rss(pid):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024


def start_cpu(server_pid):
    def own():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    server0, client0 = proc_cpu(server_pid), own()

    def used(n):
        client, server = own() - client0, proc_cpu(server_pid) - server0
        return {
            "clientCpu": client,
            "serverCpu": server,
            "clientCpuPer100k": client / n * 1e5,
            "serverCpuPer100k": server / n * 1e5,
        }

    return used


def spread(latencies):
    latencies.sort()
    last = len(latencies) - 1
    at = lambda q: latencies[min(last, int(len(latencies) * q))] * 1e6  # noqa: E731
    return {"p50us": at(0.5), "p99us": at(0.99)}


# ---------------------------------------------------------------- payloads (lib/payloads.mjs)


def make_doc():
    items = [{"id": 1000 + i, "name": "item-%d" % i, "v": i * 1.25 + 0.1} for i in range(20)]
    return {
        "id": 123456789,
        "uid": "f3a1c9d2-7b64-4e0a-9c55-0d2f6b8a1e77",
        "title": "Quarterly sensor report",
        "ratio": 0.7251,
        "score": 98.6,
        "ok": True,
        "owner": {"id": 42, "name": "Ada Lovelace", "mail": "ada@example.org"},
        "tags": ["alpha", "beta", "gamma"],
        "items": items,
    }


def make_bytes(n):
    out = bytearray(n)
    x = 12345
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        out[i] = (x >> 16) & 255
    return bytes(out)


# ---------------------------------------------------------------- client


class Client:
    def __init__(self, module, variant, options):
        self.module, self.variant, self.options = module, variant, options

    def run(self):
        workload = self.options["workload"]
        started = clock()
        if workload != "W9":
            self.peer = importlib.import_module(self.module)
        from twisted.internet import defer, reactor

        def go():
            done = self.start_up(started) if workload == "W9" else defer.ensureDeferred(self.measure(workload))
            done.addCallbacks(finish, lambda failure: finish({"error": failure.getTraceback()[-600:]}))

        if workload == "W9":
            self.peer = importlib.import_module(self.module)
        self.imported = clock()
        reactor.callWhenRunning(go)
        reactor.run(installSignalHandlers=False)

    def connect(self):
        return self.peer.connect(HOST, self.options["port"], self.variant)

    def start_up(self, started):
        times = {}

        def connected(client):
            times["connected"] = clock()
            return client.echo(HELLO)

        def answered(value):
            end = clock()
            assert value == HELLO
            return {
                "importAndCallMs": (end - started) * 1e3,
                "importFileMs": (self.imported - started) * 1e3,
                "connectMs": (times["connected"] - self.imported) * 1e3,
                "firstCallMs": (end - times["connected"]) * 1e3,
                "rss": proc_rss(os.getpid()),
            }

        return self.connect().addCallback(connected).addCallback(answered)

    async def measure(self, workload):
        parameter = self.options.get("parameter")
        many = {"W6": self.busy_and_idle, "W6mem": self.idle_memory, "W8": self.fan_out}
        if workload in many:
            return await many[workload](parameter)
        client = await self.connect()
        if workload in ("W1", "W2"):
            assert await client.echo(HELLO) == HELLO
            inflight = 1 if workload == "W1" else parameter or 128
            return await self.measured(lambda: client.echo(HELLO), inflight, latency=workload == "W1")
        if workload == "W3":
            doc = make_doc()
            assert await client.echo(doc) == doc
            return await self.measured(lambda: client.echo(doc), 32)
        if workload in ("W4a", "W4b"):
            size, inflight = (1 << 20, 4) if workload == "W4a" else (1 << 16, 16)
            data = make_bytes(size)
            assert await client.echo(data) == data
            result = await self.measured(lambda: client.echo(data), inflight)
            result["mbps"] = result["n"] * size / result["secs"] / 1e6
            return result
        if workload == "W5":
            assert await client.ref_cycle(7) == 7
            return await self.measured(lambda: client.ref_cycle(7), 32)
        if workload == "W5leak":
            return await self.leak(client)
        if workload == "W7":
            return await self.callbacks(client)
        raise ValueError("no such workload: " + workload)

    async def leak(self, client):
        await loop(lambda: client.ref_cycle(7), 32, 60000, 2000)
        gc.collect()
        say("MARK", {"clientRss": proc_rss(os.getpid())})
        await delay(0.5)
        result = await loop(lambda: client.ref_cycle(7), 32, self.options["leakMs"], self.options["leakCount"])
        gc.collect()
        await delay(0.3)
        await client.echo(HELLO)
        await delay(0.2)
        say("MARK2", {})
        await delay(1.5)
        return dict(result, clientRss=proc_rss(os.getpid()))

    async def callbacks(self, client):
        seen = [0]

        def receive(x):
            seen[0] += 1
            return x

        await client.set_callback(receive)
        assert await client.poke(5) == 5
        result = await self.measured(lambda: client.poke(5), 32)
        assert seen[0] > result["n"]
        return result

    async def busy_and_idle(self, parameter):
        count = parameter or 1000
        pid = self.options["serverPid"]
        base = proc_rss(pid)
        active = await self.open(100)
        await self.echoes(active, self.options["warmMs"])
        before = proc_rss(pid)
        started = clock()
        idle = await self.open(count)
        connect_secs = clock() - started
        await delay(0.5)
        after = proc_rss(pid)
        cpu = start_cpu(pid)
        results = await self.echoes(active, self.options["runMs"])
        n = sum(r["n"] for r in results)
        secs = max(r["secs"] for r in results)
        return dict(
            cpu(n),
            n=n,
            secs=secs,
            rate=n / secs,
            rssBase=base,
            rssActive=before,
            rssIdle=after,
            perConnBytes=(after - before) / count,
            connectsPerSec=count / connect_secs,
            idle=len(idle),
        )

    async def idle_memory(self, parameter):
        await self.open(1)
        say("MARK", {})
        await delay(0.5)
        idle = await self.open(parameter or 5000)
        await delay(0.5)
        say("MARK2", {})
        await delay(1.5)
        return {"n": len(idle)}

    async def fan_out(self, parameter):
        from twisted.internet import defer

        count = parameter or 1000
        state = {"got": 0, "all": None}

        def receive(_event):
            state["got"] += 1
            if state["got"] == count:
                state["all"].callback(None)

        subscribers = await self.open(count, lambda client: client.subscribe(receive))
        publisher = await self.connect()
        await delay(0.3)

        def one():
            state["got"], state["all"] = 0, defer.Deferred()
            publisher.publish({"id": 1, "text": HELLO})
            return state["all"]

        await loop(one, 1, self.options["warmMs"] + 300)
        cpu = start_cpu(self.options["serverPid"])
        latencies = []
        result = await loop(one, 1, max(self.options["runMs"], 1500), latencies=latencies)
        n = result["n"] * count
        return dict(
            cpu(n),
            events=result["n"],
            subscribers=len(subscribers),
            n=n,
            secs=result["secs"],
            rate=n / result["secs"],
            **spread(latencies)
        )

    async def measured(self, fn, inflight, latency=False):
        await loop(fn, inflight, self.options["warmMs"])
        gc.collect()
        latencies = [] if latency else None
        cpu = start_cpu(self.options["serverPid"])
        result = await loop(fn, inflight, self.options["runMs"], latencies=latencies)
        return dict(result, inflight=inflight, **cpu(result["n"]), **(spread(latencies) if latencies else {}))

    async def open(self, count, first=lambda client: client.echo(HELLO)):
        """Opens `count` connections, fifty at a time, each with one answered call."""
        from twisted.internet import defer

        def one():
            return self.connect().addCallback(lambda client: first(client).addCallback(lambda _: client))

        clients = []
        while len(clients) < count:
            clients += await defer.gatherResults([one() for _ in range(min(50, count - len(clients)))])
        return clients

    def echoes(self, clients, ms):
        from twisted.internet import defer

        return defer.gatherResults([loop(lambda c=c: c.echo(HELLO), 1, ms) for c in clients])


def loop(fn, inflight, ms, max_count=5000000, latencies=None):
    """Keeps `inflight` calls of `fn` going, bounded by time and by count; a Deferred of n, secs, rate."""
    from twisted.internet import defer

    done = defer.Deferred()
    begin = clock()
    end = begin + ms / 1e3
    state = {"n": 0, "running": inflight}

    class Worker:
        started = None

        def go(self, _result=None):
            now = clock()
            if self.started is not None:
                state["n"] += 1
                if latencies is not None:
                    latencies.append(now - self.started)
            if now >= end or state["n"] >= max_count:
                state["running"] -= 1
                if state["running"] == 0:
                    secs = clock() - begin
                    done.callback({"n": state["n"], "secs": secs, "rate": state["n"] / secs})
                return
            self.started = now
            fn().addCallback(self.go).addErrback(self.fail)

        def fail(self, failure):
            if not done.called:
                done.errback(failure)

    for _ in range(inflight):
        Worker().go()
    return done


def delay(secs):
    from twisted.internet import defer, reactor

    done = defer.Deferred()
    reactor.callLater(secs, done.callback, None)
    return done


main()
