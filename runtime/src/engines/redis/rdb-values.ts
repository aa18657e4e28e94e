import { RdbError, type RdbReader, type Step } from './rdb-reader.ts';

/** A kind of value: its name as TYPE says it, and how to pass over it. */
export interface ValueType {
  readonly name: 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream';
  readonly skip: (reader: RdbReader) => Step<void>;
}

const streamIdBytes = 16;
const timeBytes = 8;

const blob = function* (reader: RdbReader): Step<void> {
  yield* reader.skipString();
};

/** A count, then that many times `strings` strings. */
const strings = (each: number) =>
  function* (reader: RdbReader): Step<void> {
    for (let left = yield* reader.length(); left > 0; left -= 1) yield* reader.skipStrings(each);
  };

/** Members with scores as text: one byte of length, of which 253 to 255 stand for nan and the infinities. */
const oldSortedSet = function* (reader: RdbReader): Step<void> {
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.skipString();
    const bytes = yield* reader.byte();
    if (bytes < 253) yield* reader.skip(bytes);
  }
};

const sortedSet = function* (reader: RdbReader): Step<void> {
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.skipString();
    yield* reader.skip(8); // a binary double
  }
};

const quicklist2 = function* (reader: RdbReader): Step<void> {
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.length(); // how the node is packed
    yield* reader.skipString();
  }
};

/** Redis 7.4: fields with times to live. */
const hashWithTimes = function* (reader: RdbReader): Step<void> {
  yield* reader.skip(timeBytes);
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.length();
    yield* reader.skipStrings(2);
  }
};

const packedHashWithTimes = function* (reader: RdbReader): Step<void> {
  yield* reader.skip(timeBytes);
  yield* reader.skipString();
};

const consumer = function* (reader: RdbReader, version: number): Step<void> {
  yield* reader.skipString();
  yield* reader.skip(version >= 3 ? 2 * timeBytes : timeBytes);
  for (let left = yield* reader.length(); left > 0; left -= 1) yield* reader.skip(streamIdBytes);
};

const consumerGroup = function* (reader: RdbReader, version: number): Step<void> {
  yield* reader.skipString();
  yield* reader.skipLengths(version >= 2 ? 3 : 2); // last id; entries read
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.skip(streamIdBytes + timeBytes);
    yield* reader.length();
  }
  for (let left = yield* reader.length(); left > 0; left -= 1) yield* consumer(reader, version);
};

/** Listpacks, then length and last id; since 2 first id, largest deleted id and entries added; then consumer groups. */
const stream = (version: 1 | 2 | 3) =>
  function* (reader: RdbReader): Step<void> {
    yield* strings(2)(reader);
    yield* reader.skipLengths(version >= 2 ? 8 : 3);
    for (let left = yield* reader.length(); left > 0; left -= 1) yield* consumerGroup(reader, version);
  };

/** Types of rdb.h, RDB_TYPE_*. */
const types: Readonly<Record<number, ValueType>> = {
  0: { name: 'string', skip: blob },
  1: { name: 'list', skip: strings(1) },
  2: { name: 'set', skip: strings(1) },
  3: { name: 'zset', skip: oldSortedSet },
  4: { name: 'hash', skip: strings(2) },
  5: { name: 'zset', skip: sortedSet },
  9: { name: 'hash', skip: blob },
  10: { name: 'list', skip: blob },
  11: { name: 'set', skip: blob },
  12: { name: 'zset', skip: blob },
  13: { name: 'hash', skip: blob },
  14: { name: 'list', skip: strings(1) },
  15: { name: 'stream', skip: stream(1) },
  16: { name: 'hash', skip: blob },
  17: { name: 'zset', skip: blob },
  18: { name: 'list', skip: quicklist2 },
  19: { name: 'stream', skip: stream(2) },
  20: { name: 'set', skip: blob },
  21: { name: 'stream', skip: stream(3) },
  24: { name: 'hash', skip: hashWithTimes },
  25: { name: 'hash', skip: packedHashWithTimes },
};

/** Types and opcodes whose layout only a module or a pre-release knows. */
const refused: Readonly<Record<number, string>> = {
  6: 'a value of a module',
  7: 'a value of a module',
  22: 'a hash of a pre-release of redis 7.4',
  23: 'a hash of a pre-release of redis 7.4',
  246: 'functions of a pre-release of redis 7.0',
  247: 'data of a module',
};

/** @throws RdbError */
export const valueOf = (type: number): ValueType => {
  const value = types[type];
  if (value) return value;
  const reason = refused[type];
  throw reason
    ? new RdbError('unsupported', `the RDB holds ${reason}, which cannot be checked`)
    : new RdbError('damaged', `the RDB has an unknown type ${type}`);
};
