import type { Fingerprint } from '../engine.ts';
import { Crc64 } from './crc64.ts';
import { valueOf } from './rdb-values.ts';
import { RdbReader, RdbError, type Step } from './rdb-reader.ts';

/** Newest format read here; 10 is Redis 7.0, 11 is 7.2, 12 is 7.4 (RDB_VERSION in rdb.h). */
const newestVersion = 12;

/** Opcodes of rdb.h; what is no opcode is the type of a value. */
const opcodes = {
  slotInfo: 244,
  function2: 245,
  functionPreRelease: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resizeDb: 251,
  expireMs: 252,
  expire: 253,
  selectDb: 254,
  end: 255,
} as const;

/** Item that counts function libraries. */
const functionsItem = 'functions';

const checksumBytes = 8;

interface Counts {
  keys: number;
  expiring: number;
}

/**
 * Reads an RDB in chunks of any size, in constant memory, and counts its keys by database and type. Proves magic and
 * version, the structure up to the end opcode, the checksum (0: the server does not make one), and that nothing follows.
 * A key that had expired at `asOf` is not counted. @default asOf - the time at which the RDB says it was made
 */
export class RdbParser {
  readonly #reader = new RdbReader();
  readonly #counts = new Map<string, Counts>();
  readonly #crc = new Crc64();
  readonly #parse: Step<void>;
  #asOfMs: number;
  #functions = 0;
  #ended = false;

  constructor(asOf?: Date) {
    this.#asOfMs = asOf?.getTime() ?? 0;
    this.#parse = this.#file(asOf === undefined);
  }

  /** The moment for which keys are counted; of the RDB's own once its head was read. */
  get asOf(): Date {
    return new Date(this.#asOfMs);
  }

  /** @throws RdbError */
  push(chunk: Buffer): void {
    this.#reader.give(chunk);
    this.#ended ||= this.#parse.next().done === true;
    if (this.#ended && !this.#reader.empty) throw new RdbError('damaged', 'bytes follow the end of the RDB');
    if (!this.#ended) this.#crc.update(this.#reader.unchecked());
  }

  /** What was counted. @throws RdbError if the RDB is not at its end */
  finish(): Fingerprint {
    if (!this.#ended) throw new RdbError('damaged', 'the RDB is cut short');
    const counted = [...this.#counts].filter(([, { keys }]) => keys > 0);
    const functions = this.#functions ? [[functionsItem, { libraries: this.#functions }] as const] : [];
    return Object.fromEntries([...counted, ...functions]);
  }

  *#file(takesTime: boolean): Step<void> {
    const magic = yield* this.#reader.text(9);
    if (!/^REDIS\d{4}$/.test(magic))
      throw new RdbError('damaged', 'not an RDB: it does not begin with REDIS and a version');
    const version = Number(magic.slice(5));
    if (version < 1 || version > newestVersion)
      throw new RdbError('unsupported', `RDB version ${version} is newer than ${newestVersion}`);
    yield* this.#records(takesTime);
    this.#crc.update(this.#reader.unchecked());
    const computed = this.#crc.value; // the checksum itself is not part of it
    const checksum = version < 5 ? 0n : yield* this.#reader.uint64(checksumBytes);
    if (checksum !== 0n && checksum !== computed)
      throw new RdbError('damaged', 'the checksum of the RDB does not match');
  }

  *#records(takesTime: boolean): Step<void> {
    const reader = this.#reader;
    let database = 0;
    let expiresMs: number | undefined;
    for (;;) {
      const opcode = yield* reader.byte();
      if (opcode === opcodes.end) return;
      else if (opcode === opcodes.selectDb) database = yield* reader.length();
      else if (opcode === opcodes.expireMs) expiresMs = Number(yield* reader.uint64(8));
      else if (opcode === opcodes.expire) expiresMs = Number(yield* reader.uint64(4)) * 1000;
      else if (opcode === opcodes.idle) yield* reader.length();
      else if (opcode === opcodes.frequency) yield* reader.skip(1);
      else if (opcode === opcodes.resizeDb) yield* reader.skipLengths(2);
      else if (opcode === opcodes.slotInfo) yield* reader.skipLengths(3);
      else if (opcode === opcodes.aux) yield* this.#aux(takesTime);
      else if (opcode === opcodes.function2) yield* this.#function();
      else {
        yield* this.#key(opcode, `db${database}`, expiresMs);
        expiresMs = undefined;
      }
    }
  }

  *#aux(takesTime: boolean): Step<void> {
    const name = yield* this.#reader.shortString();
    const value = yield* this.#reader.shortString();
    if (takesTime && name === 'ctime') this.#asOfMs = Number(value) * 1000;
  }

  *#function(): Step<void> {
    yield* this.#reader.skipString();
    this.#functions += 1;
  }

  *#key(type: number, database: string, expiresMs: number | undefined): Step<void> {
    const value = valueOf(type);
    if (!this.#reader.passString()) yield* this.#reader.skipString();
    yield* value.skip(this.#reader);
    if (expiresMs !== undefined && expiresMs <= this.#asOfMs) return;
    const item = `${database}/${value.name}`;
    const counts = this.#counts.get(item) ?? { keys: 0, expiring: 0 };
    counts.keys += 1;
    if (expiresMs !== undefined) counts.expiring += 1;
    this.#counts.set(item, counts);
  }
}
