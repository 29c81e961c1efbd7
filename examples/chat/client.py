"""One terminal of the chat on Twisted: `python client.py [PORT [NAME PASSWORD]]`."""
import sys

from terminal import Terminal
from twisted.cred.credentials import UsernamePassword
from twisted.internet.task import react
from twisted.spread import pb


class Screen(pb.Referenceable):
    """The mind of our login: what the server calls."""

    def __init__(self, terminal):
        self.terminal = terminal

    def remote_said(self, name, text):
        self.terminal.show(f"{name}: {text}")

    def remote_came(self, name):
        self.terminal.show(f"* {name} has come")

    def remote_left(self, name):
        self.terminal.show(f"* {name} has gone")


async def main(reactor, port=8800, name="alice", password="looking-glass"):
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", int(port), factory)
    terminal = Terminal(f"{name}: ")
    leaving = False
    gone = False

    def disconnected(reference):
        nonlocal gone
        if not leaving:
            gone = True
            terminal.show("* the server has gone")
            terminal.close()

    try:
        user = await factory.login(UsernamePassword(name.encode(), password.encode()), Screen(terminal))
        user.notifyOnDisconnect(disconnected)
        await talk(user, terminal)
    except pb.RemoteError as error:
        if error.remoteType != b"twisted.cred.error.UnauthorizedLogin":
            raise
        terminal.show("* wrong name or password")
        raise SystemExit(1)
    except (pb.PBConnectionLost, pb.DeadReferenceError):
        pass  # of which we are told above
    leaving = True
    if gone:
        raise SystemExit(1)


async def talk(user, terminal):
    """Until the input ends, or the connection."""
    terminal.show("* there are /join GROUP, /who and /quit")
    group = await join(user, terminal, "lobby")
    terminal.prompt()
    while (line := await terminal.lines.get()) is not None:
        command, _, argument = line.partition(" ")
        if command == "/quit":
            break
        elif command == "/join" and argument:
            group = await join(user, terminal, argument)
        elif command == "/who":
            await showOthers(group, terminal)
        elif command.startswith("/"):
            terminal.show("* there are /join GROUP, /who and /quit")
        elif line:
            await group.callRemote("say", line)
        terminal.prompt()


async def join(user, terminal, name):
    group = await user.callRemote("join", name)
    terminal.show(f"* this is {name}")
    await showOthers(group, terminal)
    return group


async def showOthers(group, terminal):
    others = await group.callRemote("others")
    terminal.show(f"* with you: {', '.join(others)}" if others else "* nobody else is here")


react(main, sys.argv[1:])
