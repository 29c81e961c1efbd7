// The numbers of docs/pb7.md that stand in messages: tags of values, kinds of buffers and errors, the flags that every
// message with values has. Stated once, here.

/** What a value begins with. 40 to 7f are short ASCII strings, 80 to ff small numbers. */
export const tags = {
  null: 0x00,
  undefined: 0x01,
  false: 0x02,
  true: 0x03,
  integer: 0x04,
  double: 0x05,
  float: 0x06,
  bigint: 0x07,
  ascii: 0x08,
  utf8: 0x09,
  utf16: 0x0a,
  bytes: 0x0b,
  buffer: 0x0c,
  lateBytes: 0x0d,
  lateBuffer: 0x0e,
  lateString: 0x0f,
  array: 0x10,
  hole: 0x11,
  object: 0x12,
  shaped: 0x13,
  map: 0x14,
  set: 0x15,
  frozenSet: 0x16,
  tuple: 0x17,
  date: 0x18,
  regExp: 0x19,
  url: 0x1a,
  error: 0x1b,
  again: 0x1c,
  remote: 0x1d,
  local: 0x1e,
  published: 0x1f,
  instance: 0x20,
  cache: 0x21,
  cacheAgain: 0x22,
  ownCache: 0x23,
  plainDateTime: 0x24,
  plainDate: 0x25,
  plainTime: 0x26,
  duration: 0x27,
  decimal: 0x28,
  unpersistable: 0x29,
  stream: 0x2a,
  result: 0x2b,
  shortString: 0x40,
  small: 0x80,
} as const;

/** Characters of the longest string that has its length in its tag. */
export const SHORT_STRING = 63;

/** The types of the frames that define names and shapes. */
export const NAME_FRAME = 0x11;
export const SHAPE_FRAME = 0x12;

/** Flags of every message with values. */
export const flags = { shares: 0x04, late: 0x80 } as const;

/** Bytes of the head of a frame, and the largest body that it can announce. */
export const HEAD = 4;
export const LARGEST_BODY = 0xff_ffff;

/** Bytes of magnitude of the largest bigint: its decimal digits take time that grows with their square. */
export const LARGEST_BIGINT = 1024;

/** Leaves of more bytes travel in pieces; in a message that is large already, those of fewer, too. */
export const pieces = { from: 65_536, largeMessage: 262_144, fromInLarge: 4096 } as const;

/**
 * Which admitted type of the security options a tag stands for: the same names as in Twisted's jelly, so that one setting holds
 * for all dialects. What is missing here is always admitted, as its like is in jelly.
 */
export const typeOfTag: Readonly<Partial<Record<keyof typeof tags, string>>> = {
  null: "None",
  undefined: "None",
  false: "boolean",
  true: "boolean",
  ascii: "unicode",
  utf8: "unicode",
  utf16: "unicode",
  lateString: "unicode",
  shortString: "unicode",
  array: "list",
  object: "dictionary",
  shaped: "dictionary",
  map: "dictionary",
  set: "set",
  frozenSet: "frozenset",
  tuple: "tuple",
  date: "datetime",
  regExp: "unicode",
  url: "unicode",
  again: "dereference",
  remote: "remote",
  local: "local",
  published: "local",
  cacheAgain: "cached",
  ownCache: "lcache",
  plainDateTime: "datetime",
  plainDate: "date",
  plainTime: "time",
  duration: "timedelta",
  decimal: "decimal",
  unpersistable: "unpersistable",
  stream: "remote",
  result: "local",
};
