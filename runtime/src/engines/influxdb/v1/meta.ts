import { BackupError } from '../../../core/errors.ts';
import { timeText, type Group } from '../intervals.ts';

/** A field of a protocol buffer; `raw` is its content: a varint, 4 or 8 bytes, or what a length is written before. */
interface Field {
  readonly number: number;
  readonly wire: number;
  readonly raw: Buffer;
}

const varint = (value: bigint): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
};

const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const lengthDelimited = 2;
/** Ten bytes hold 64 bits. */
const longestVarint = 10;

const broken = (): BackupError =>
  new BackupError('archive.damaged', 'the meta store of the backup is broken');

const readVarint = (bytes: Buffer, at: number): { readonly value: bigint; readonly end: number } => {
  let value = 0n;
  for (let index = 0; index < longestVarint; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw broken();
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  throw broken();
};

function* fields(bytes: Buffer): Generator<Field> {
  for (let at = 0; at < bytes.length;) {
    const key = readVarint(bytes, at);
    const [number, wire] = [Number(key.value >> 3n), Number(key.value & 7n)];
    const value = wire === 0 || wire === lengthDelimited ? readVarint(bytes, key.end) : undefined;
    const start = wire === lengthDelimited && value ? value.end : key.end;
    const length = value ? Number(value.value) : (fixedBytes[wire] ?? NaN);
    const end = wire === 0 && value ? value.end : start + length;
    if (!(end <= bytes.length)) throw broken();
    yield { number, wire, raw: bytes.subarray(start, end) };
    at = end;
  }
}

const encode = ({ number, wire, raw }: Field): Buffer =>
  Buffer.concat([
    varint((BigInt(number) << 3n) | BigInt(wire)),
    ...(wire === lengthDelimited ? [varint(BigInt(raw.length))] : []),
    raw,
  ]);

/** Alters the fields of one number; `[]` leaves one out. */
const alter = (bytes: Buffer, number: number, change: (raw: Buffer) => readonly Buffer[]): Buffer =>
  Buffer.concat(
    [...fields(bytes)].flatMap((field) =>
      field.number === number ? change(field.raw).map((raw) => encode({ ...field, raw })) : [encode(field)],
    ),
  );

/** Numbers of fields (influxdb: backup_util/internal/data.proto, services/meta/internal/meta.proto). */
const numbers = { data: 1, maxNode: 2, databases: 5, policies: 3, duration: 2, subscriptions: 6 } as const;

/** Of a database and a retention policy alike, of a group of shards, and of a shard. */
const nameNumber = 1;
const groupNumbers = { groups: 5, start: 2, end: 3, deletedAt: 4, shards: 5 } as const;
const idNumber = 1;

const allOf = (bytes: Buffer, number: number): readonly Buffer[] =>
  [...fields(bytes)].filter((field) => field.number === number).map(({ raw }) => raw);

const numberOf = (bytes: Buffer, number: number): bigint => {
  const [raw] = allOf(bytes, number);
  return raw ? readVarint(raw, 0).value : 0n;
};

const nameOf = (bytes: Buffer): string => allOf(bytes, nameNumber)[0]?.toString('utf8') ?? '';

/** As SHOW SHARDS tells times: without the fraction of a second. */
const wholeSeconds = (time: bigint): string => {
  const signed = BigInt.asIntN(64, time);
  const rest = ((signed % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return timeText(signed - rest);
};

/** A group of shards in the meta store of a portable backup. */
export interface MetaGroup extends Group {
  readonly policy: string;
  readonly shards: readonly number[];
}

const groupOf = (policy: string, bytes: Buffer): MetaGroup => ({
  policy,
  start: wholeSeconds(numberOf(bytes, groupNumbers.start)),
  end: wholeSeconds(numberOf(bytes, groupNumbers.end)),
  shards: allOf(bytes, groupNumbers.shards).map((shard) => Number(numberOf(shard, idNumber))),
});

const policyBytes = (meta: Buffer, database: string): readonly Buffer[] =>
  allOf(meta, numbers.data)
    .flatMap((data) => allOf(data, numbers.databases))
    .filter((each) => nameOf(each) === database)
    .flatMap((each) => allOf(each, numbers.policies));

/** Groups of shards of a database that are not deleted. @throws BackupError archive.damaged */
export const groupsIn = (meta: Buffer, database: string): readonly MetaGroup[] =>
  policyBytes(meta, database).flatMap((policy) =>
    allOf(policy, groupNumbers.groups)
      .filter((group) => numberOf(group, groupNumbers.deletedAt) === 0n)
      .map((group) => groupOf(nameOf(policy), group)),
  );

/** Names of the retention policies of a database; none where it is not there. @throws BackupError archive.damaged */
export const policiesIn = (meta: Buffer, database: string): readonly string[] =>
  policyBytes(meta, database).map(nameOf);

/** The meta store of a server as a portable backup has it, of a server whose nodes are not counted (MaxNodeID). */
export const portableMeta = (data: Buffer): Buffer =>
  Buffer.concat([
    encode({ number: numbers.data, wire: lengthDelimited, raw: data }),
    encode({ number: numbers.maxNode, wire: 0, raw: varint(0n) }),
  ]);

/** What becomes of the retention policies that a portable backup carries. */
export interface PolicyChange {
  /** In nanoseconds, 0 for ever. */
  readonly duration: (duration: bigint) => bigint;
  readonly subscriptions: 'kept' | 'dropped';
}

/** The meta store of a portable backup with its retention policies altered; all else stays as it is. */
export const alterPolicies = (meta: Buffer, { duration, subscriptions }: PolicyChange): Buffer => {
  const policy = (bytes: Buffer): Buffer => {
    const timed = alter(bytes, numbers.duration, (raw) => [varint(duration(readVarint(raw, 0).value))]);
    return subscriptions === 'kept' ? timed : alter(timed, numbers.subscriptions, () => []);
  };
  const database = (bytes: Buffer): Buffer => alter(bytes, numbers.policies, (raw) => [policy(raw)]);
  const data = (bytes: Buffer): Buffer => alter(bytes, numbers.databases, (raw) => [database(raw)]);
  return alter(meta, numbers.data, (raw) => [data(raw)]);
};
