import { gzipSync, crc32 } from 'node:zlib';
import { pack } from 'tar-stream';
import { collect } from './streams.ts';

/** How times and integers are written; each as far as the values allow it. */
export type Encoding = 'raw' | 'packed' | 'repeated';

export type TsmValue = number | bigint | boolean | string;

export interface TsmBlock {
  readonly type: 'float' | 'integer' | 'boolean' | 'string' | 'unsigned';
  readonly times: readonly bigint[];
  readonly values: readonly TsmValue[];
  /** @default packed */
  readonly timeEncoding?: Encoding;
  /** Of integers. @default packed */
  readonly valueEncoding?: Encoding;
}

/** Blocks of a file by their keys. */
export type TsmContent = Readonly<Record<string, readonly TsmBlock[]>>;

const typeNumbers = { float: 0, integer: 1, boolean: 2, string: 3, unsigned: 4 } as const;

export const uvarint = (value: bigint): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
};

const word = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
};

const perWord = [240, 120, 60, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1];
const bitsOf = [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60];

const fits = (values: readonly bigint[], selector: number): boolean => {
  const count = perWord[selector]!;
  if (values.length < count) return false;
  const bits = BigInt(bitsOf[selector]!);
  return values.slice(0, count).every((value) => (bits === 0n ? value === 1n : value < 1n << bits));
};

/** Words of simple8b. */
const packWords = (values: readonly bigint[]): Buffer => {
  const words: Buffer[] = [];
  for (let at = 0; at < values.length;) {
    const rest = values.slice(at, at + 240);
    const selector = perWord.findIndex((_, index) => fits(rest, index));
    if (selector < 0) throw new Error('a value is too large to be packed');
    const bits = BigInt(bitsOf[selector]!);
    let packed = BigInt(selector) << 60n;
    if (bits > 0n) for (let n = 0; n < perWord[selector]!; n++) packed |= rest[n]! << (BigInt(n) * bits);
    words.push(word(packed));
    at += perWord[selector]!;
  }
  return Buffer.concat(words);
};

const differences = (values: readonly bigint[]): readonly bigint[] =>
  values.slice(1).map((value, index) => value - values[index]!);

/** The largest power of ten up to 10^12 that divides all. */
const scaleOf = (values: readonly bigint[]): number => {
  let power = 12;
  while (power > 0 && values.some((value) => value % 10n ** BigInt(power) !== 0n)) power--;
  return power;
};

export const encodeTimes = (times: readonly bigint[], encoding: Encoding = 'packed'): Buffer => {
  const steps = differences(times);
  if (encoding === 'raw') return Buffer.concat([Buffer.from([0]), word(times[0]!), ...steps.map(word)]);
  const power = scaleOf(steps);
  const scaled = steps.map((step) => step / 10n ** BigInt(power));
  const isEven = times.length > 1 && scaled.every((step) => step === scaled[0]);
  if (encoding === 'repeated' && isEven)
    return Buffer.concat([
      Buffer.from([(2 << 4) | power]),
      word(times[0]!),
      uvarint(scaled[0]!),
      uvarint(BigInt(times.length)),
    ]);
  if (scaled.some((step) => step >= 1n << 60n)) return encodeTimes(times, 'raw');
  return Buffer.concat([Buffer.from([(1 << 4) | power]), word(times[0]!), packWords(scaled)]);
};

const zigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

const encodeIntegers = (values: readonly bigint[], encoding: Encoding = 'packed'): Buffer => {
  const encoded = values.map((value, index) => zigzag(BigInt.asIntN(64, value - (values[index - 1] ?? 0n))));
  const [first, ...rest] = encoded as [bigint, ...bigint[]];
  const isRaw = encoding === 'raw' || rest.some((value) => value >= 1n << 60n);
  if (isRaw) return Buffer.concat([Buffer.from([0]), ...encoded.map(word)]);
  if (encoding === 'repeated' && encoded.length > 2 && rest.every((value) => value === rest[0]))
    return Buffer.concat([
      Buffer.from([2 << 4]),
      word(first),
      uvarint(rest[0]!),
      uvarint(BigInt(rest.length)),
    ]);
  return Buffer.concat([Buffer.from([1 << 4]), word(first), packWords(rest)]);
};

const bitsOfFloat = (value: number): bigint => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.readBigUInt64BE();
};

const sentinel = 0x7ff8000000000001n;

const zerosBefore = (value: bigint): number => 64 - value.toString(2).length;
const zerosBehind = (value: bigint): number => /0*$/.exec(value.toString(2))![0].length;

const encodeFloats = (values: readonly number[]): Buffer => {
  const all = [...values.map(bitsOfFloat), sentinel];
  let bits = all[0]!.toString(2).padStart(64, '0');
  let kept: { before: number; behind: number } | undefined;
  for (const [index, value] of all.slice(1).entries()) {
    const change = value ^ all[index]!;
    if (change === 0n) {
      bits += '0';
      continue;
    }
    const [before, behind] = [zerosBefore(change) & 0x1f, zerosBehind(change)];
    const isKept = kept !== undefined && before >= kept.before && behind >= kept.behind;
    if (!isKept) kept = { before, behind };
    const significant = 64 - kept!.before - kept!.behind;
    bits += isKept
      ? '10'
      : `11${before.toString(2).padStart(5, '0')}${(significant & 0x3f).toString(2).padStart(6, '0')}`;
    bits += (change >> BigInt(kept!.behind)).toString(2).padStart(significant, '0');
  }
  const bytes = bits.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
  return Buffer.from([1 << 4, ...bytes]);
};

const encodeBooleans = (values: readonly boolean[]): Buffer => {
  const bits = values.map((value) => (value ? '1' : '0')).join('');
  const bytes = bits.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
  return Buffer.concat([Buffer.from([1 << 4]), uvarint(BigInt(values.length)), Buffer.from(bytes)]);
};

/** A literal of snappy, with its length in as few bytes as it needs. */
const literal = (bytes: Buffer): Buffer => {
  const length = bytes.length - 1;
  if (length < 60) return Buffer.concat([Buffer.from([length << 2]), bytes]);
  const more = length < 1 << 8 ? 1 : length < 1 << 16 ? 2 : length < 1 << 24 ? 3 : 4;
  const size = Buffer.alloc(more);
  size.writeUIntLE(length, 0, more);
  return Buffer.concat([Buffer.from([(59 + more) << 2]), size, bytes]);
};

/** A copy of `length` bytes in each of its three forms. */
const copies = (length: number): readonly Buffer[] => [
  ...(length >= 4 && length <= 11 ? [Buffer.from([((length - 4) << 2) | 1, 1])] : []),
  Buffer.from([((length - 1) << 2) | 2, 1, 0]),
  Buffer.from([((length - 1) << 2) | 3, 1, 0, 0, 0]),
];

/** As snappy writes it: literals, and runs of one byte as copies. */
export const compressText = (text: Buffer): Buffer => {
  const parts: Buffer[] = [uvarint(BigInt(text.length))];
  let [at, form] = [0, 0];
  for (const { 0: run, index } of text.toString('latin1').matchAll(/([^])\1{4,60}/g)) {
    parts.push(literal(text.subarray(at, index + 1)));
    const forms = copies(run.length - 1);
    parts.push(forms[form++ % forms.length]!);
    at = index + run.length;
  }
  if (at < text.length) parts.push(literal(text.subarray(at)));
  return Buffer.concat(parts);
};

const encodeTexts = (values: readonly string[]): Buffer => {
  const parts = values.flatMap((value) => [uvarint(BigInt(Buffer.byteLength(value))), Buffer.from(value)]);
  return Buffer.concat([Buffer.from([1 << 4]), compressText(Buffer.concat(parts))]);
};

const encodeValues = ({ type, values, valueEncoding }: TsmBlock): Buffer => {
  if (type === 'float') return encodeFloats(values as number[]);
  if (type === 'boolean') return encodeBooleans(values as boolean[]);
  if (type === 'string') return encodeTexts(values as string[]);
  return encodeIntegers(values as bigint[], valueEncoding);
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const uint16 = (value: number): Buffer => uint32(value).subarray(2);

/** A block as it is in a file; encoded once where many are the same. */
export const encodeBlock = (block: TsmBlock): Buffer => {
  const times = encodeTimes(block.times, block.timeEncoding);
  const data = Buffer.concat([
    Buffer.from([typeNumbers[block.type]]),
    uvarint(BigInt(times.length)),
    times,
    encodeValues(block),
  ]);
  return Buffer.concat([uint32(crc32(data)), data]);
};

export const tsmHeader = Buffer.from('16d116d101', 'hex');

/** What an index says of a block. */
export interface TsmEntry {
  readonly min: bigint;
  readonly max: bigint;
  readonly offset: number;
  readonly size: number;
}

/** A key of an index with its entries. */
export const indexOfKey = (key: string, type: number, entries: readonly TsmEntry[]): Buffer =>
  Buffer.concat([
    uint16(Buffer.byteLength(key, 'latin1')),
    Buffer.from(key, 'latin1'),
    Buffer.from([type]),
    uint16(entries.length),
    ...entries.flatMap(({ min, max, offset, size }) => [
      word(min),
      word(max),
      word(BigInt(offset)),
      uint32(size),
    ]),
  ]);

export const tsmFooter = (indexAt: number): Buffer => word(BigInt(indexAt));

/** A TSM file as InfluxDB writes it (tsdb/engine/tsm1/writer.go). */
export const tsmFile = (content: TsmContent): Buffer => {
  const keys = Object.keys(content).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
  );
  const blocks: Buffer[] = [];
  const index: Buffer[] = [];
  let offset = tsmHeader.length;
  for (const key of keys) {
    const entries = content[key]!.map((block) => {
      const bytes = encodeBlock(block);
      blocks.push(bytes);
      const entry = { min: block.times[0]!, max: block.times.at(-1)!, offset, size: bytes.length };
      offset += bytes.length;
      return entry;
    });
    index.push(indexOfKey(key, typeNumbers[content[key]![0]!.type], entries));
  }
  return Buffer.concat([tsmHeader, ...blocks, ...index, tsmFooter(offset)]);
};

export interface TsmTombstone {
  readonly key: string;
  readonly min: bigint;
  readonly max: bigint;
}

const record = ({ key, min, max }: TsmTombstone): Buffer =>
  Buffer.concat([uint32(Buffer.byteLength(key, 'latin1')), Buffer.from(key, 'latin1'), word(min), word(max)]);

/** A tombstone file of one of its four versions; the first knows whole keys only. */
export const tombstoneFile = (version: 1 | 2 | 3 | 4, deleted: readonly TsmTombstone[]): Buffer => {
  if (version === 1) return Buffer.from(deleted.map(({ key }) => `${key}\n`).join(''), 'latin1');
  const header = uint32(0x1500 + version);
  const records = deleted.map(record);
  if (version === 2) return Buffer.concat([header, ...records]);
  if (version === 3) return Buffer.concat([header, gzipSync(Buffer.concat(records))]);
  return Buffer.concat([header, ...records.map((each) => gzipSync(each))]);
};

/** The tar of a shard. */
export const shardTar = async (files: Readonly<Record<string, Buffer>>): Promise<Buffer> => {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name: `grill/autogen/1/${name}` }, bytes);
  tar.finalize();
  return collect(tar as AsyncIterable<Buffer>);
};
