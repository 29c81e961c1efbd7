"""The chat's server on Twisted: `python server.py [PORT]`."""
import sys

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.spread import pb
from zope.interface import implementer


class Group(pb.Viewable):
    """A group, which each user sees from a perspective of their own."""

    def __init__(self):
        self.members = []

    def view_say(self, speaker, text):
        if speaker not in self.members:
            raise pb.Error("you are not in this group")
        self.tellOthers(speaker, "said", speaker.name, text)

    def view_others(self, asking):
        return [member.name for member in self.members if member is not asking]

    def add(self, user):
        self.members.append(user)
        self.tellOthers(user, "came", user.name)

    def remove(self, user):
        if user in self.members:
            self.members.remove(user)
            self.tellOthers(user, "left", user.name)

    def tellOthers(self, user, message, *args):
        for member in self.members:
            if member is not user:
                member.tell(message, *args)


class User(pb.Avatar):
    """One login of a user, in one group at a time."""

    def __init__(self, name, mind, groups):
        self.name = name
        self.mind = mind
        self.groups = groups
        self.group = None

    def perspective_join(self, name):
        self.leave()
        self.group = self.groups.setdefault(name, Group())
        self.group.add(self)
        return self.group

    def leave(self):
        if self.group is not None:
            self.group.remove(self)
            self.group = None

    def tell(self, message, *args):
        try:
            self.mind.callRemote(message, *args, pbanswer=False)
        except pb.DeadReferenceError:
            pass  # they are going; logout will be called

    def loggedOut(self):
        self.leave()
        print(self.name, "has logged out")


@implementer(IRealm)
class ChatRealm:
    def __init__(self):
        self.groups = {}

    def requestAvatar(self, avatarId, mind, *interfaces):
        user = User(avatarId.decode(), mind, self.groups)
        print(user.name, "has logged in")
        return pb.IPerspective, user, user.loggedOut


users = InMemoryUsernamePasswordDatabaseDontUse(alice=b"looking-glass", bob=b"snark", carol=b"jabberwock")
portal = Portal(ChatRealm(), [users])

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
listening = reactor.listenTCP(port, pb.PBServerFactory(portal), interface="127.0.0.1")
print(f"READY tcp://127.0.0.1:{listening.getHost().port}", flush=True)
reactor.run()
