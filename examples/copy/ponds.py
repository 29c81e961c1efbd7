"""What both ends know of ponds and frogs; a module, because its name is part of the classes' names on the wire."""
from twisted.spread import pb


class CopyPond(pb.Copyable):
    """What is sent; it becomes a ReceiverPond."""

    def __init__(self, color, frogs, toads):
        self.color = color
        self.frogs = frogs
        self.toads = toads

    def getStateToCopy(self):
        return {"color": self.color, "count": self.frogs + self.toads}


class ReceiverPond(pb.RemoteCopy):
    """What arrives."""

    def setCopyableState(self, state):
        self.description = f"a {state['color']} pond with {state['count']} animals"

    def describe(self):
        return self.description


pb.setUnjellyableForClass(CopyPond, ReceiverPond)


class Frog(pb.Copyable, pb.RemoteCopy):
    """Goes both ways."""

    def __init__(self, name):
        self.name = name
        self.croaks = 0

    def croak(self):
        self.croaks += 1

    def describe(self):
        return f"{self.name} has croaked {self.croaks} times"


pb.setUnjellyableForClass(Frog, Frog)


class Puddle(pb.Copyable):
    """Nobody has registered this one."""
