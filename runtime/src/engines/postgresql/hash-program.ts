import {
  block,
  branch,
  branchIf,
  code,
  const32,
  const64,
  get,
  load64,
  load8,
  loop,
  op,
  set,
  store64,
  when,
  whenElse,
  type Code,
  type Program,
} from './wasm-module.ts';

/** The parameters, and locals of 32 bits. */
const [at, limit, key, odd, ended] = [0, 1, 2, 3, 4];
/** Locals of 64 bits: the state of SipHash, eight bytes of the rows, where a separator is among them, and what was counted. */
const [v0, v1, v2, v3, word, mark, length, fields, low, high, rows, lines] = [
  5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];

/** Where the state is between two calls, each in 64 bits. */
export const stateAt = {
  /** Of SipHash, in the field that has begun. */
  v0: 0,
  v1: 8,
  v2: 16,
  v3: 24,
  /** Bytes of the field so far. */
  length: 32,
  /** Sum of the fields of the row so far. */
  fields: 40,
  /** Sums of the hashes of rows. */
  low: 48,
  high: 56,
  rows: 64,
  /** Of rows, and of their end. */
  lines: 72,
  /** Address of the key of the column that comes next. */
  key: 80,
  /** 1 once a row had another number of fields than there are columns. */
  odd: 88,
  /** 1 once the line came that ends the rows. */
  ended: 96,
  /** Address of the key of the last column. */
  lastKey: 104,
} as const;

/** A key is the four words that SipHash begins with. */
export const keyBytes = 32;
/** Key that rows are hashed with, and behind it those of the columns. */
export const rowKeyAt = 128;
export const firstKeyAt = rowKeyAt + keyBytes;

/** More a table cannot have (MaxHeapAttributeNumber). */
export const mostColumns = 1600;

const kept64 = { v0, v1, v2, v3, length, fields, low, high, rows, lines };
const kept32 = { key, odd, ended };

type Kept = keyof typeof stateAt;

const restore: Code = code(
  ...Object.entries(kept64).map(([name, local]) =>
    code(const32(0), load64(stateAt[name as Kept]), set(local)),
  ),
  ...Object.entries(kept32).map(([name, local]) =>
    code(const32(0), load64(stateAt[name as Kept]), op.narrow, set(local)),
  ),
);

const save: Code = code(
  ...Object.entries(kept64).map(([name, local]) =>
    code(const32(0), get(local), store64(stateAt[name as Kept])),
  ),
  ...Object.entries(kept32).map(([name, local]) =>
    code(const32(0), get(local), op.widen, store64(stateAt[name as Kept])),
  ),
);

const xorInto = (local: number, value: Code): Code => code(get(local), value, op.xor64, set(local));
const addInto = (local: number, value: Code): Code => code(get(local), value, op.add64, set(local));
const rotate = (local: number, bits: bigint): Code =>
  code(get(local), const64(bits), op.rotate64, set(local));

/** SipRound: https://www.aumasson.jp/siphash/siphash.pdf, figure 2.1. */
const round: Code = code(
  code(addInto(v0, get(v1)), rotate(v1, 13n), xorInto(v1, get(v0)), rotate(v0, 32n)),
  code(addInto(v2, get(v3)), rotate(v3, 16n), xorInto(v3, get(v2))),
  code(addInto(v0, get(v3)), rotate(v3, 21n), xorInto(v3, get(v0))),
  code(addInto(v2, get(v1)), rotate(v1, 17n), xorInto(v1, get(v2)), rotate(v2, 32n)),
);

/** SipHash-2-4: two rounds for each word, four at the end. */
const compress = (value: Code): Code => code(xorInto(v3, value), round, round, xorInto(v0, value));
const finish = (local: number, mask: bigint): Code =>
  code(xorInto(local, const64(mask)), round, round, round, round);
const result: Code = code(get(v0), get(v1), op.xor64, get(v2), op.xor64, get(v3), op.xor64);
const begin = (address: Code): Code =>
  code(...[v0, v1, v2, v3].map((local, index) => code(address, load64(8 * index), set(local))));

const eightTimes = (byte: number): bigint => BigInt(byte) * 0x0101010101010101n;

/** The highest bit of the first byte of the word that is `byte`: "haszero" of Bit Twiddling Hacks. */
const marksOf = (byte: number): Code => {
  const other = code(get(word), const64(eightTimes(byte)), op.xor64);
  return code(other, const64(eightTimes(1)), op.sub64, other, const64(-1n), op.xor64, op.and64);
};

const [tab, newline] = [0x09, 0x0a];
/** `\.`, as a word: no value is written so. */
const endWord = 0x2e5cn;

/** SipHash-2-4 of 128 bits, of the sum of the row's fields. */
const addRow: Code = code(
  begin(const32(rowKeyAt)),
  xorInto(v1, const64(0xeen)),
  compress(get(fields)),
  compress(const64(8n << 56n)),
  code(finish(v2, 0xeen), addInto(low, result)),
  code(finish(v1, 0xddn), addInto(high, result)),
  addInto(rows, const64(1n)),
);

const isFirstKey: Code = code(get(key), const32(firstKeyAt), op.eq32);
const lastKey: Code = code(const32(0), load64(stateAt.lastKey), op.narrow);
const noteOdd: Code = code(const32(1), set(odd));

const isEnd: Code = code(
  code(get(word), const64(endWord), op.eq64),
  code(get(length), const64(2n), op.eq64, op.and32),
  code(isFirstKey, op.and32),
);

const endOfLine: Code = code(
  addInto(lines, const64(1n)),
  code(isEnd, get(ended), op.or32, set(ended)),
  code(get(ended), op.eqz32, when(code(get(key), lastKey, op.ne32, when(noteOdd), addRow))),
  code(const64(0n), set(fields), const32(firstKeyAt), set(key)),
);

const endOfField: Code = code(
  code(get(key), lastKey, op.eq32),
  whenElse(noteOdd, code(get(key), const32(keyBytes), op.add32, set(key))),
);

/** Bytes of the word before the separator, once `mark` is eight times as much. */
const before: Code = code(get(mark), const64(3n), op.right64);

const separator: Code = code(
  code(get(mark), op.zeros64, const64(7n), op.sub64, set(mark)),
  code(get(word), const64(1n), get(mark), op.left64, const64(1n), op.sub64, op.and64, set(word)),
  addInto(length, before),
  compress(code(get(word), get(length), const64(56n), op.left64, op.or64)),
  code(finish(v2, 0xffn), addInto(fields, result)),
  code(get(at), before, op.narrow, op.add32, set(at)),
  code(get(at), load8(), const32(newline), op.eq32, whenElse(endOfLine, endOfField)),
  code(get(at), const32(1), op.add32, set(at)),
  code(const64(0n), set(length), begin(get(key))),
);

const noSeparator: Code = code(
  compress(get(word)),
  addInto(length, const64(8n)),
  code(get(at), const32(8), op.add32, set(at)),
);

/**
 * Hashes rows in COPY's text format, from address `at` on, as long as it is below `limit`, and returns how far it came; it looks
 * at eight bytes at a time. A field is hashed by SipHash-2-4 with the key of its column, a row as the sum of its fields, a table
 * as the sum of its rows: neither the order of columns nor that of rows matters.
 */
export const hashProgram: Program = {
  parameters: 2,
  locals32: 3,
  locals64: 12,
  body: code(
    restore,
    block(
      loop(
        code(get(at), get(limit), op.atLeast32, branchIf(1)),
        code(get(at), load64(), set(word)),
        code(marksOf(tab), marksOf(newline), op.or64, const64(eightTimes(0x80)), op.and64, set(mark)),
        code(get(mark), op.eqz64, whenElse(noSeparator, separator), branch(0)),
      ),
    ),
    save,
    get(at),
  ),
};
