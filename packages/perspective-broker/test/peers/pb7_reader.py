"""Reads a captured conversation in dialect pb7 and says what it is, frame by frame. Written from docs/pb7.md alone; standard library only.

Standard input has a line for each chunk that was sent: `S` or `C` (server or client), then its bytes in hexadecimal. Output is each
frame byte by byte; with --words, a line for each frame. With --bare the bytes are frames from the start, without a negotiation.
"""

import json
import re
import struct
import sys

BUFFERS = (
    "ArrayBuffer Int8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array "
    "BigInt64Array BigUint64Array DataView"
).split()
ERRORS = "Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError".split()
LIMITS = {1: "calls", 2: "results", 3: "message", 4: "bytes", 5: "heartbeat", 6: "streams", 7: "process"}
NAMED = {0x19: "RegExp", 0x24: "PlainDateTime", 0x25: "PlainDate", 0x26: "PlainTime", 0x27: "Duration"}

SHARES, LATE = 0x04, 0x80


class Malformed(Exception):
    pass


class Direction:
    """What one side has sent: its bytes that are not read yet, what it has defined, and what it has in pieces."""

    def __init__(self, side, negotiated):
        self.side = side
        self.bytes = b""
        self.negotiated = negotiated
        self.names = {}
        self.shapes = []
        self.missing = {}  # bytes still to come, by transfer

    def feed(self, chunk):
        self.bytes += chunk
        while True:
            reader = self.negotiation() if not self.negotiated else self.frame()
            if reader is None:
                return
            yield reader

    def negotiation(self):
        try:
            reader = Negotiation(self)
        except IndexError:
            return None
        self.bytes = self.bytes[reader.at :]
        self.negotiated = True
        return reader

    def frame(self):
        if len(self.bytes) < 4:
            return None
        end = 4 + int.from_bytes(self.bytes[1:4], "little")
        if len(self.bytes) < end:
            return None
        frame, self.bytes = self.bytes[:end], self.bytes[end:]
        return Frame(self, frame)


class Notes:
    """Bytes, and what they mean: `lines` is a list of depth, bytes, words."""

    def __init__(self, side, data):
        self.side = side
        self.data = data
        self.at = 0
        self.lines = []
        self.depth = 1

    def note(self, start, words, depth=None):
        self.lines.append((self.depth if depth is None else depth, self.data[start : self.at], words))

    def print(self, words_only):
        if words_only:
            print(self.side, self.words)
            return
        mark = self.side
        for depth, data, words in self.lines:
            # What is long is broken after sixteen bytes; the words stand on the first line.
            rows = [data[i : i + 16].hex(" ") for i in range(0, len(data), 16)] or [""]
            for i, row in enumerate(rows):
                left = f"{mark:2} {'  ' * depth}{row}"
                print(f"{left:56} {words}".rstrip() if i == 0 else left.rstrip())
                mark = ""


class Negotiation(Notes):
    """The Banana list of the server, or the Banana string of the client."""

    def __init__(self, direction):
        super().__init__(direction.side, direction.bytes)
        self.depth = 0
        kind, count = self.element()
        if kind == 0x82:
            self.words = f"chooses {self.text(0, count)}"
            return
        if kind != 0x80:
            raise Malformed("a greeting that is none")
        self.note(0, f"the dialects that are offered, {count}")
        names = []
        self.depth = 1
        for _ in range(count):
            start = self.at
            kind, length = self.element()
            if kind != 0x82:
                raise Malformed("a dialect whose name is no string")
            names.append(self.text(start, length))
        self.words = "offers " + ", ".join(names)

    def element(self):
        number, scale = 0, 1
        while self.data[self.at] < 0x80:
            number += self.data[self.at] * scale
            scale *= 128
            self.at += 1
        self.at += 1
        return self.data[self.at - 1], number

    def text(self, start, length):
        if self.at + length > len(self.data):
            raise IndexError
        self.at += length
        text = quoted(self.data[self.at - length : self.at].decode())
        self.note(start, text if self.depth else f"chooses {text}")
        return text


class Frame(Notes):
    def __init__(self, direction, data):
        super().__init__(direction.side, data)
        self.direction = direction
        self.shares = self.late = False
        self.numbered = 0
        kind = data[0]
        name, read = FRAMES.get(kind) or (None, None)
        if name is None:
            raise Malformed(f"there is no frame of type {kind:02x}")
        self.at = 4
        self.note(0, f"{name}, {counted(len(data) - 4)}", depth=0)
        words = read(self)
        if self.at != len(data):
            raise Malformed(f"{name} has bytes behind its end")
        self.words = f"{name} {words}" if words else name

    # ---- what bodies are made of

    def byte(self):
        if self.at >= len(self.data):
            raise Malformed("a body ends too early")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, length):
        if self.at + length > len(self.data):
            raise Malformed("a body ends too early")
        self.at += length
        return self.data[self.at - length : self.at]

    def varint(self):
        number = 0
        for shift in range(0, 56, 7):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift > 0 or number >= 2**53:
                    break
                return number
        raise Malformed("a number that is too long")

    def number(self, words):
        """A varint that has a line of its own."""
        start = self.at
        number = self.varint()
        self.note(start, f"{words} {number}" if words else str(number))
        return number

    def rest(self, read):
        words = []
        while self.at < len(self.data):
            words.append(read())
        return ", ".join(words)

    def text(self):
        """The text of a value that is a string, without a line of its own."""
        tag = self.byte()
        if 0x40 <= tag <= 0x7F:
            return self.ascii(tag - 0x40)
        if tag == 0x08:
            return self.ascii(self.varint())
        if tag == 0x09:
            return self.take(self.varint()).decode("utf-8")
        if tag == 0x0A:
            return self.take(2 * self.varint()).decode("utf-16-le", "surrogatepass")
        raise Malformed("a string was expected")

    def ascii(self, length):
        return self.take(length).decode("ascii")

    def string(self, words=""):
        start = self.at
        text = quoted(self.text())
        self.note(start, f"{words} {text}".strip())
        return text

    def name(self, words):
        """By its number, or 0 and the name itself."""
        start = self.at
        number = self.varint()
        text = self.direction.names[number] if number else self.text()
        self.note(start, f"{words} {quoted(text)}")
        return text

    def flags(self, names):
        start = self.at
        bits = self.byte()
        found = [name for bit, name in names.items() if bits & bit]
        self.shares = bool(bits & SHARES)
        self.late = bool(bits & LATE)
        self.note(start, "flags: " + (", ".join(found) or "none"))
        return bits, found

    def inside(self, read, *args):
        self.depth += 1
        result = read(*args)
        self.depth -= 1
        return result

    # ---- values

    def value(self):
        start = self.at
        tag = self.byte()
        if tag >= 0x80:
            return self.said(start, str(tag - 0x80))
        if tag >= 0x40:
            return self.said(start, quoted(self.ascii(tag - 0x40)))
        read = VALUES.get(tag)
        if read is None:
            raise Malformed(f"there is no value with the tag {tag:02x}")
        return read(self, start, tag)

    def said(self, start, words):
        self.note(start, words)
        return words

    def object(self, start, words):
        """A value that has a number in this message."""
        self.said(start, f"{words}, #{self.numbered}" if self.shares else words)
        self.numbered += 1
        return words

    def members(self, start, words, count, read):
        """Something that contains others: its own line, then theirs."""
        self.object(start, f"{words} of {count}")
        return self.inside(lambda: ", ".join([read() for _ in range(count)]))

    def plain(self, start, tag):
        return self.said(start, {0: "null", 1: "undefined", 2: "false", 3: "true", 0x11: "hole"}[tag])

    def integer(self, start, _tag):
        number = self.varint()
        return self.said(start, str((number >> 1) ^ -(number & 1)))

    def double(self, start, tag):
        (number,) = struct.unpack("<d", self.take(8))
        return self.said(start, f"Float({spelled(number)})" if tag == 0x06 else spelled(number))

    def bigint(self, start, _tag):
        head = self.varint()
        number = int.from_bytes(self.take(head >> 1), "little")
        return self.said(start, f"{-number if head & 1 else number}n")

    def long_string(self, start, _tag):
        self.at = start
        return self.string()

    def bytes(self, start, tag):
        kind = "Uint8Array" if tag == 0x0B else BUFFERS[self.byte()]
        return self.object(start, f"{kind}({self.take(self.varint()).hex(' ')})")

    def pieces(self, start, tag):
        kind = "Uint8Array" if tag == 0x0D else "string" if tag == 0x0F else BUFFERS[self.data[self.at]]
        if tag != 0x0D:
            self.byte()
        transfer, length = self.varint(), self.varint()
        self.direction.missing[transfer] = length
        words = f"{kind} of {counted(length)} in pieces, transfer {transfer}"
        return self.said(start, words) if tag == 0x0F else self.object(start, words)

    def array(self, start, _tag):
        return f"[{self.members(start, 'array', self.varint(), self.value)}]"

    def tuple(self, start, _tag):
        return f"Tuple({self.members(start, 'Tuple', self.varint(), self.value)})"

    def set(self, start, tag):
        kind = "Set" if tag == 0x15 else "FrozenSet"
        return f"{kind}{{{self.members(start, kind, self.varint(), self.value)}}}"

    def map(self, start, _tag):
        return f"Map{{{self.members(start, 'Map', self.varint(), self.entry)}}}"

    def entry(self):
        key = self.value()
        return f"{key}: {self.inside(self.value)}"

    def record(self, start, _tag):
        return f"{{{self.members(start, 'object', self.varint(), self.property)}}}"

    def property(self):
        start = self.at
        key = self.text()
        self.note(start, f"key {quoted(key)}")
        return f"{spelled_key(key)}: {self.inside(self.value)}"

    def shaped(self, start, _tag):
        number = self.varint()
        keys = self.direction.shapes[number]
        self.object(start, f"object of shape {number}")
        return "{" + self.inside(lambda: ", ".join([f"{spelled_key(key)}: {self.value()}" for key in keys])) + "}"

    def date(self, start, _tag):
        return self.object(start, f"Date({spelled(struct.unpack('<d', self.take(8))[0])})")

    def reg_exp(self, start, _tag):
        return self.object(start, f"/{self.text()}/{self.text()}")

    def url(self, start, _tag):
        return self.object(start, f"URL({quoted(self.text())})")

    def error(self, start, _tag):
        kind, name, message = ERRORS[self.byte()], self.text(), self.text()
        named = kind if name == kind else f"{kind} named {quoted(name)}"
        self.object(start, f"{named}: {quoted(message)}")
        self.depth += 1
        words = [f"{what} {value}" for what in ("cause", "errors") for value in [self.value()] if value != "hole"]
        others = self.value()
        self.depth -= 1
        return f"{named}({', '.join([quoted(message), *words, *([] if others == '{}' else [others])])})"

    def again(self, start, _tag):
        return self.said(start, f"#{self.varint()}")

    def reference(self, start, tag):
        number = self.varint()
        return self.said(
            start,
            {
                0x1D: f"object {number} of the sender",
                0x1E: f"object {number} of the receiver",
                0x22: f"Cacheable {number} of the sender again",
                0x23: f"Cacheable {number} of the receiver",
                0x2A: f"stream {number}",
                0x2B: f"the result of call {number}",
            }[tag],
        )

    def published(self, start, _tag):
        return self.said(start, f"object {quoted(self.text())} of the receiver")

    def instance(self, start, tag):
        number = self.varint()
        name = self.direction.names[number] if number else self.text()
        kind = f"Cacheable {self.varint()} of the sender, " if tag == 0x21 else ""
        self.object(start, f"{kind}{name}")
        return f"{kind}{name}{self.inside(self.value)}"

    def spelled_out(self, start, tag):
        return self.said(start, f"{NAMED[tag]}({self.text()})")

    def decimal(self, start, _tag):
        self.note(start, "Decimal")
        return self.inside(lambda: f"Decimal({self.value()}, {self.value()})")

    def unpersistable(self, start, _tag):
        return self.said(start, f"Unpersistable({quoted(self.text())})")

    # ---- frames

    def nothing(self):
        return ""

    def goodbye(self):
        return f"{self.string('code')} {self.string('message')}"

    def hello(self):
        words = [f"version {self.number('version')}"]

        def pair():
            start = self.at
            key = self.varint()
            found = f"{LIMITS.get(key, f'key {key}')} {self.varint()}"
            self.note(start, found)
            return found

        return ", ".join([*words, self.rest(pair)])

    def define_name(self):
        start = self.at
        text = self.text()
        number = len(self.direction.names) + 1
        self.direction.names[number] = text
        return self.said(start, f"{number} is {quoted(text)}")

    def define_shape(self):
        count = self.number("keys")
        keys = []
        for _ in range(count):
            start = self.at
            keys.append(self.text())
            self.note(start, quoted(keys[-1]))
        self.direction.shapes.append(keys)
        return f"{len(self.direction.shapes) - 1} is " + ", ".join(map(quoted, keys))

    def call(self):
        bits, found = self.flags(
            {0x01: "ANSWER", 0x02: "KEEP", SHARES: "SHARES", 0x08: "KEYWORDS", 0x10: "ENVELOPE", LATE: "LATE"}
        )
        number = self.number("call")
        target = (bits & 0x60) >> 5
        if target == 1:
            to = f"object {quoted(self.name('of the object'))}"
        else:
            what = ("object", None, "Cacheable", "result of call")[target]
            to = f"{what} {self.number(f'of the {what}')}"
        method = self.name("method")
        envelope = self.envelope() if bits & 0x10 else ""
        count = self.number("arguments:")
        args = self.inside(lambda: [self.value() for _ in range(count)])
        if bits & 0x08:
            count = self.number("keywords:")
            args += self.inside(lambda: [f"{spelled_key(k)} = {v}" for k, v in [self.keyword() for _ in range(count)]])
        wants = " ".join([flag for flag in found if flag in ("ANSWER", "KEEP")]) or "no answer"
        return f"{number} of {to}: {method}({', '.join(args)}), {wants}{envelope}"

    def keyword(self):
        start = self.at
        key = self.text()
        self.note(start, f"key {quoted(key)}")
        return key, self.inside(self.value)

    def envelope(self):
        start = self.at
        bits = self.byte()
        found = [name for bit, name in ((1, "deadline"), (2, "chain"), (4, "trace")) if bits & bit]
        self.note(start, "envelope: " + (", ".join(found) or "empty"))
        words = []
        if bits & 1:
            words.append(f"{self.number('milliseconds left:')} ms left")
        if bits & 2:
            chain = self.chain()
            words.append(f"{chain} at depth {self.number('depth')}")
        if bits & 4:
            words.append(f"trace {self.string('traceparent')} {self.string('tracestate')}")
        return "".join([f", {word}" for word in words])

    def chain(self, what="chain"):
        start = self.at
        where = self.byte()
        if where > 2:
            raise Malformed("a chain that begins nowhere")
        process = ("the sender", "the receiver", "process ")[where] + (str(self.varint()) if where == 2 else "")
        return self.said(start, f"{what} {self.varint()} of {process}")

    def answer(self):
        self.flags({SHARES: "SHARES", LATE: "LATE"})
        number = self.number("to call")
        return f"to call {number}: {self.value()}"

    def item(self):
        self.flags({SHARES: "SHARES", LATE: "LATE"})
        number = self.number("stream")
        return f"of stream {number}: {self.value()}"

    def failure_of_call(self):
        _, found = self.flags({0x01: "NOT_RUN", 0x02: "DEPENDENCY", SHARES: "SHARES", LATE: "LATE"})
        number = self.number("of call")
        words = [flag for flag in found if flag in ("NOT_RUN", "DEPENDENCY")]
        return f"of call {number}: {', '.join([self.failure(), *words])}"

    def failure_of_stream(self):
        self.flags({SHARES: "SHARES"})
        number = self.number("stream")
        return f"of stream {number}: {self.failure()}"

    def failure(self):
        if self.data[self.at] == 0x20:
            return self.value()
        kind, message = self.string("type"), self.string("message")
        parents = self.value()
        traceback, data = self.value(), self.value()
        words = [kind, message, f"parents {parents}"]
        if traceback != "undefined":
            words.append(f"traceback {traceback}")
        if data != "undefined":
            words.append(f"data {data}")
        return ", ".join(words)

    def ids(self):
        return self.rest(lambda: str(self.number("")))

    def receipts(self):
        return self.rest(lambda: f"object {self.number('object')}: {self.number('receipts:')}")

    def one(self):
        return str(self.number(""))

    def piece(self):
        transfer = self.number("transfer")
        start = self.at
        data = self.take(len(self.data) - self.at)
        self.direction.missing[transfer] -= len(data)
        rest = self.direction.missing[transfer]
        if rest < 0:
            raise Malformed("more pieces than there should be")
        self.note(start, f"{counted(len(data))}, {rest} to come")
        return f"of transfer {transfer}: {counted(len(data))}, {rest} to come"

    def want(self):
        words = (self.number("stream"), self.number("items"), self.number("bytes"))
        return "of stream {}: {} items, {} bytes".format(*words)

    def probe(self):
        call = self.number("call")
        search = self.chain("search")
        count = self.number("steps:")
        steps = [f"{self.inside(self.chain)} waits for {self.inside(self.string)}" for _ in range(count)]
        return ", ".join([f"after call {call}, {search}", *steps])


FRAMES = {
    0x01: ("PING", Frame.nothing),
    0x02: ("PONG", Frame.nothing),
    0x03: ("ACK", Frame.one),
    0x06: ("BYE", Frame.goodbye),
    0x10: ("HELLO", Frame.hello),
    0x11: ("NAME", Frame.define_name),
    0x12: ("SHAPE", Frame.define_shape),
    0x13: ("CALL", Frame.call),
    0x14: ("ANSWER", Frame.answer),
    0x15: ("FAILURE", Frame.failure_of_call),
    0x16: ("RELEASE", Frame.receipts),
    0x17: ("DECACHE", Frame.ids),
    0x18: ("UNCACHE", Frame.ids),
    0x19: ("DROP", Frame.ids),
    0x1A: ("PULL", Frame.one),
    0x1B: ("CANCEL", Frame.one),
    0x1C: ("CREDIT", Frame.one),
    0x1D: ("ECHO", Frame.one),
    0x1E: ("ECHOED", Frame.one),
    0x1F: ("PIECE", Frame.piece),
    0x20: ("TAKEN", Frame.one),
    0x21: ("VOID", Frame.one),
    0x22: ("ITEM", Frame.item),
    0x23: ("END", Frame.one),
    0x24: ("BREAK", Frame.failure_of_stream),
    0x25: ("WANT", Frame.want),
    0x26: ("STOP", Frame.one),
    0x27: ("THROW", Frame.failure_of_stream),
    0x28: ("PROBE", Frame.probe),
}

VALUES = {
    **dict.fromkeys((0x00, 0x01, 0x02, 0x03, 0x11), Frame.plain),
    0x04: Frame.integer,
    **dict.fromkeys((0x05, 0x06), Frame.double),
    0x07: Frame.bigint,
    **dict.fromkeys((0x08, 0x09, 0x0A), Frame.long_string),
    **dict.fromkeys((0x0B, 0x0C), Frame.bytes),
    **dict.fromkeys((0x0D, 0x0E, 0x0F), Frame.pieces),
    0x10: Frame.array,
    0x12: Frame.record,
    0x13: Frame.shaped,
    0x14: Frame.map,
    **dict.fromkeys((0x15, 0x16), Frame.set),
    0x17: Frame.tuple,
    0x18: Frame.date,
    0x19: Frame.reg_exp,
    0x1A: Frame.url,
    0x1B: Frame.error,
    0x1C: Frame.again,
    **dict.fromkeys((0x1D, 0x1E, 0x22, 0x23, 0x2A, 0x2B), Frame.reference),
    0x1F: Frame.published,
    **dict.fromkeys((0x20, 0x21), Frame.instance),
    **dict.fromkeys((0x24, 0x25, 0x26, 0x27), Frame.spelled_out),
    0x28: Frame.decimal,
    0x29: Frame.unpersistable,
}


def counted(length):
    return f"{length} byte" if length == 1 else f"{length} bytes"


def quoted(text):
    """Everything that can be printed as it is."""
    return "".join(json.dumps(c)[1:-1] if c < " " or c in '"\\' or "\ud800" <= c <= "\udfff" else c for c in text).join('""')


def spelled_key(key):
    return key if re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", key) else quoted(key)


def spelled(number):
    """As JavaScript spells it."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number) and abs(number) < 1e21:
        return "-0" if number == 0 and str(number)[0] == "-" else str(int(number))
    return re.sub(r"e([+-])0*", r"e\1", repr(number))


def main(options):
    directions = {side: Direction(side, "--bare" in options) for side in "SC"}
    for line in sys.stdin:
        side, _, data = line.partition(" ")
        if side in directions:
            for found in directions[side].feed(bytes.fromhex(data)):
                found.print("--words" in options)
    for direction in directions.values():
        if direction.bytes:
            raise Malformed(f"{direction.side} has sent the beginning of a frame only")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1:])
