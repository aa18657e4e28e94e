import { messageOf } from '../../core/errors.ts';
import { listpackElements } from './listpack.ts';
import { moduleTypeOf, passModuleValue } from './rdb-modules.ts';
import type { Flavour } from './versions.ts';
import { RdbError, type RdbReader, type Step } from './rdb-reader.ts';

/**
 * What passing over a value tells: since when it is gone by itself, in ms since 1970, because all fields of a hash have
 * expired. Most values stay.
 */
export type Lifetime = number | void;

/** A kind of value: its name as TYPE says it, and how to pass over it. */
export interface ValueType {
  readonly name: string;
  readonly skip: (reader: RdbReader) => Step<Lifetime>;
  /** The same for a value that lies whole in the reader's chunk; false where it does not, wherever the reader is then. */
  readonly pass?: (reader: RdbReader) => boolean;
}

const streamIdBytes = 16;
const timeBytes = 8;

type Layout = Pick<ValueType, 'skip' | 'pass'>;

const blob: Layout = {
  skip: (reader) => reader.skipString(),
  pass: (reader) => reader.passString(),
};

/** A count, -1 where it is not whole, then so many elements. */
const passAll = (reader: RdbReader, passElement: () => boolean): boolean => {
  let left = reader.passLength();
  while (left > 0 && passElement()) left -= 1;
  return left === 0;
};

/** A count, then that many times `each` strings. */
const strings = (each: 1 | 2): Layout => ({
  *skip(reader) {
    yield* reader.skipStrings(each * (yield* reader.length()));
  },
  pass: (reader) => passAll(reader, () => reader.passString() && (each === 1 || reader.passString())),
});

/** Members with scores as text: one byte of length, of which 253 to 255 stand for nan and the infinities. */
const oldSortedSet = function* (reader: RdbReader): Step<void> {
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.skipString();
    const bytes = yield* reader.byte();
    if (bytes < 253) yield* reader.skip(bytes);
  }
};

/** Bytes of a score: a binary double. */
const scoreBytes = 8;

const sortedSet: Layout = {
  *skip(reader) {
    for (let left = yield* reader.length(); left > 0; left -= 1) {
      if (!reader.passString()) yield* reader.skipString();
      if (!reader.passBytes(scoreBytes)) yield* reader.skip(scoreBytes);
    }
  },
  pass: (reader) => passAll(reader, () => reader.passString() && reader.passBytes(scoreBytes)),
};

/** Nodes: how one is packed, and its content. */
const quicklist2: Layout = {
  *skip(reader) {
    for (let left = yield* reader.length(); left > 0; left -= 1) {
      yield* reader.length();
      yield* reader.skipString();
    }
  },
  pass: (reader) => passAll(reader, () => reader.passLength() >= 0 && reader.passString()),
};

/** Adds a field's time to the latest one of its hash; a field without one keeps the hash for ever. */
const later = (latest: number, expiresMs: number | undefined): number =>
  Math.max(latest, expiresMs ?? Infinity);

/** Redis 7.4, RDB_TYPE_HASH_METADATA: the earliest time, then fields with times from there on plus one; 0 is none. */
const hashWithTimes = function* (reader: RdbReader): Step<Lifetime> {
  const earliestMs = Number(yield* reader.uint64(timeBytes));
  let latestMs = 0;
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    const offset = yield* reader.length();
    latestMs = later(latestMs, offset ? earliestMs + offset - 1 : undefined);
    yield* reader.skipStrings(2);
  }
  return latestMs;
};

/** Longest packed hash whose times are looked at; servers pack 512 fields of 64 bytes by default. */
const longestPackedBytes = 1 << 20;

/** Redis 7.4, RDB_TYPE_HASH_LISTPACK_EX: field, value and time in turn; 0 is none. */
const packedHashWithTimes = function* (reader: RdbReader): Step<Lifetime> {
  yield* reader.skip(timeBytes);
  const packed = yield* reader.stringUpTo(longestPackedBytes);
  if (!packed) return undefined;
  try {
    const times = [...listpackElements(packed)].filter((_value, index) => index % 3 === 2);
    return times.reduce((latest, time) => later(latest, Number(time) || undefined), 0);
  } catch (error) {
    throw new RdbError('damaged', `the RDB has a packed hash that cannot be read: ${messageOf(error)}`);
  }
};

/** Valkey 9, RDB_TYPE_HASH_2: field, value and time in turn; -1 is none. */
const valkeyHash = function* (reader: RdbReader): Step<Lifetime> {
  let latestMs = 0;
  for (let left = yield* reader.length(); left > 0; left -= 1) {
    yield* reader.skipStrings(2);
    const time = BigInt.asIntN(64, yield* reader.uint64(timeBytes));
    latestMs = later(latestMs, time < 0n ? undefined : Number(time));
  }
  return latestMs;
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
    yield* strings(2).skip(reader);
    yield* reader.skipLengths(version >= 2 ? 8 : 3);
    for (let left = yield* reader.length(); left > 0; left -= 1) yield* consumerGroup(reader, version);
  };

/** Types of rdb.h, RDB_TYPE_*. */
export const types: Readonly<Record<number, ValueType>> = {
  0: { name: 'string', ...blob },
  1: { name: 'list', ...strings(1) },
  2: { name: 'set', ...strings(1) },
  3: { name: 'zset', skip: oldSortedSet },
  4: { name: 'hash', ...strings(2) },
  5: { name: 'zset', ...sortedSet },
  9: { name: 'hash', ...blob },
  10: { name: 'list', ...blob },
  11: { name: 'set', ...blob },
  12: { name: 'zset', ...blob },
  13: { name: 'hash', ...blob },
  14: { name: 'list', ...strings(1) },
  15: { name: 'stream', skip: stream(1) },
  16: { name: 'hash', ...blob },
  17: { name: 'zset', ...blob },
  18: { name: 'list', ...quicklist2 },
  19: { name: 'stream', skip: stream(2) },
  20: { name: 'set', ...blob },
  21: { name: 'stream', skip: stream(3) },
  24: { name: 'hash', skip: hashWithTimes },
  25: { name: 'hash', skip: packedHashWithTimes },
};

/** Types whose layout only a pre-release knows; 22 is another one in Valkey. */
const refused: Readonly<Record<number, string>> = {
  6: 'a value of a module of a pre-release of redis 4',
  22: 'a hash of a pre-release of redis 7.4',
  23: 'a hash of a pre-release of redis 7.4',
};

/** Types that may come with versions after those known here. */
const [firstUnknown, lastUnknown] = [26, 31];

const moduleValue = 7;
const valkeyHashType = 22;

/** The kind of value that a type of `flavour` has. Reads on, since a value of a module says first whose it is. @throws RdbError */
export const valueOf = function* (type: number, flavour: Flavour, reader: RdbReader): Step<ValueType> {
  if (type === moduleValue) return { name: moduleTypeOf(yield* reader.wideLength()), skip: passModuleValue };
  if (type === valkeyHashType && flavour === 'VALKEY') return { name: 'hash', skip: valkeyHash };
  const value = types[type];
  if (value) return value;
  const reason = refused[type];
  if (reason) throw new RdbError('unsupported', `the RDB holds ${reason}, which cannot be checked`);
  throw type >= firstUnknown && type <= lastUnknown
    ? new RdbError(
        'unsupported',
        `the RDB holds a value of type ${type}, which is newer than those known here`,
      )
    : new RdbError('damaged', `the RDB has an unknown type ${type}`);
};
