"""The users' server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.cred.checkers import ANONYMOUS, AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.spread import pb
from zope.interface import implementer

notices = ["welcome"]


class Guest(pb.Avatar):
    """What a guest can do."""

    def perspective_read(self):
        return notices


class Member(Guest):
    """A user can do more."""

    def __init__(self, name):
        self.name = name

    def perspective_write(self, text):
        notices.append(f"{self.name}: {text}")


@implementer(IRealm)
class Board:
    def requestAvatar(self, avatarId, mind, *interfaces):
        name = "a guest" if avatarId is ANONYMOUS else avatarId.decode()
        avatar = Guest() if avatarId is ANONYMOUS else Member(name)
        print(name, "has come")
        return pb.IPerspective, avatar, lambda: print(name, "has gone")


users = InMemoryUsernamePasswordDatabaseDontUse(alice=b"looking-glass", bob=b"snark")
portal = Portal(Board(), [users, AllowAnonymousAccess()])

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(portal), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
