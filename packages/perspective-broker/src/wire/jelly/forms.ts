// The atoms that begin a form, numbered (spec §3.2 to §3.8). The names are the ones on the wire.

export const forms = {
  None: 0,
  boolean: 1,
  unicode: 2,
  list: 3,
  tuple: 4,
  dictionary: 5,
  set: 6,
  frozenset: 7,
  decimal: 8,
  datetime: 9,
  date: 10,
  time: 11,
  timedelta: 12,
  reference: 13,
  dereference: 14,
  unpersistable: 15,
  persistent: 16,
  remote: 17,
  local: 18,
  cached: 19,
  lcache: 20,
  class: 21,
  function: 22,
  module: 23,
  method: 24,
  instance: 25,
  true: 26,
  false: 27,
  // The commands of the broker's messages (spec §4).
  version: 28,
  message: 29,
  cachemessage: 30,
  answer: 31,
  error: 32,
  decref: 33,
  decache: 34,
  uncache: 35,
  didNotUnderstand: 36,
} as const;

export type Form = (typeof forms)[keyof typeof forms];

/** The name of each number. */
export const formNames: readonly string[] = Object.keys(forms);
