"""One line of input at the bottom of a terminal, and what happens meanwhile above it. Where there is no terminal: plain lines."""
import atexit
import codecs
import os
import sys
import termios
import tty

from twisted.internet.defer import DeferredQueue
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO


class Terminal(Protocol):
    def __init__(self, promptText):
        self.lines = DeferredQueue()  # what is typed, and None when it has ended
        self.promptText = promptText
        self.typed = ""
        self.asking = False
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.isTerminal = sys.stdin.isatty() and sys.stdout.isatty()
        if self.isTerminal:
            before = termios.tcgetattr(sys.stdin)
            atexit.register(termios.tcsetattr, sys.stdin, termios.TCSADRAIN, before)
            tty.setcbreak(sys.stdin)  # so that we know what has been typed, and can show it again
        StandardIO(self)

    def show(self, text):
        """One line. Control characters are left out: what others send must not move our cursor."""
        self.erase()
        print("".join(character for character in text if character.isprintable()), flush=True)
        self.draw()

    def prompt(self):
        """Asks for the next line."""
        self.asking = self.isTerminal
        self.draw()

    def close(self):
        self.transport.loseConnection()

    def dataReceived(self, data):
        if self.isTerminal and data.startswith(b"\x1b"):
            return  # an arrow, or the like
        self.erase()
        for character in self.decode(data):
            self.key(character)
        self.draw()

    def key(self, character):
        if character in "\r\n":
            if self.asking:
                print(self.promptText + self.typed, flush=True)
            self.asking = False
            self.lines.put(self.typed)
            self.typed = ""
        elif character == "\x04" and self.isTerminal:  # Ctrl-D
            self.close()
        elif character in "\x08\x7f":  # backspace
            self.typed = self.typed[:-1]
        elif character == "\x15":  # Ctrl-U
            self.typed = ""
        elif character.isprintable():
            self.typed += character

    def connectionLost(self, reason):
        self.erase()
        self.asking = False
        self.lines.put(None)

    def erase(self):
        if self.asking:
            rows = (len(self.promptText + self.typed) - 1) // os.get_terminal_size().columns
            print("\x1b[A" * rows + "\r\x1b[J", end="", flush=True)

    def draw(self):
        if self.asking:
            print(self.promptText + self.typed, end="", flush=True)
