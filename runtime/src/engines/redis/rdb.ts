import type { Fingerprint } from '../engine.ts';
import { Crc64 } from './crc64.ts';
import { types, valueOf, type Lifetime } from './rdb-values.ts';
import { moduleOf, moduleTypeOf, passModuleValue } from './rdb-modules.ts';
import { RdbReader, RdbError, type Step } from './rdb-reader.ts';
import { isReadable, type Flavour, type Format } from './versions.ts';

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

type Counts = { keys: number; expiring: number };

/** For which moment keys are counted: a key that had expired by then is not. */
export interface Moment {
  /** @default the time at which the RDB says it was made, in whole seconds */
  readonly asOf?: Date | undefined;
  /** Added to the RDB's own time. @default 0 */
  readonly laterMs?: number;
}

/** What an RDB says of itself and needs of a server, known once it was read to its end. */
export interface RdbFacts {
  readonly format: Format;
  /** Memory of the server that wrote it; 0 where it does not say (redis before 3.2). */
  readonly usedMemoryBytes: number;
  /** Number of databases that a server must have. */
  readonly databases: number;
  /** True if anything in it is gone some day. */
  readonly mortal: boolean;
  /** Types of modules. */
  readonly moduleTypes: ReadonlySet<string>;
}

/**
 * Reads an RDB in chunks of any size, in constant memory, and counts its keys by database and type. Proves magic and
 * version, the structure up to the end opcode, the checksum (0: the server does not make one), and that nothing follows.
 */
export class RdbParser {
  readonly #reader = new RdbReader();
  readonly #counts = new Map<string, Counts>();
  readonly #crc = new Crc64();
  readonly #parse: Step<void>;
  readonly #moment: Moment;
  readonly #moduleTypes = new Set<string>();
  #format: Format = { flavour: 'REDIS', version: 0 };
  #asOfMs: number;
  #usedMemoryBytes = 0;
  #databases = 0;
  #functions = 0;
  #mortal = false;
  #ended = false;

  constructor(moment: Moment = {}) {
    this.#moment = moment;
    this.#asOfMs = moment.asOf?.getTime() ?? 0;
    this.#parse = this.#file();
  }

  get facts(): RdbFacts {
    return {
      format: this.#format,
      usedMemoryBytes: this.#usedMemoryBytes,
      databases: this.#databases,
      mortal: this.#mortal,
      moduleTypes: this.#moduleTypes,
    };
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
    return Object.fromEntries<Fingerprint[string]>([...counted, ...functions]);
  }

  *#header(): Step<void> {
    const [, flavour, digits] = /^(REDIS|VALKEY)(\d+)$/.exec(yield* this.#reader.text(9)) ?? [];
    if (flavour === undefined)
      throw new RdbError('damaged', 'not an RDB: it does not begin with REDIS or VALKEY and a version');
    this.#format = { flavour: flavour as Flavour, version: Number(digits) };
    if (!isReadable(this.#format))
      throw new RdbError('unsupported', `RDB ${flavour}${digits} is of a version that is not supported`);
  }

  *#file(): Step<void> {
    yield* this.#header();
    const { version } = this.#format;
    yield* this.#records();
    this.#crc.update(this.#reader.unchecked());
    const computed = this.#crc.value; // the checksum itself is not part of it
    const checksum = version < 5 ? 0n : yield* this.#reader.uint64(checksumBytes);
    if (checksum !== 0n && checksum !== computed)
      throw new RdbError('damaged', 'the checksum of the RDB does not match');
  }

  *#records(): Step<void> {
    const reader = this.#reader;
    let database = 0;
    let expiresMs: number | undefined;
    for (;;) {
      if (expiresMs === undefined) while (this.#passKey(database));
      const opcode = yield* reader.byte();
      if (opcode === opcodes.end) return;
      else if (opcode === opcodes.selectDb) database = yield* reader.length();
      else if (opcode === opcodes.expireMs) expiresMs = Number(yield* reader.uint64(8));
      else if (opcode === opcodes.expire) expiresMs = Number(yield* reader.uint64(4)) * 1000;
      else if (opcode === opcodes.idle) yield* reader.length();
      else if (opcode === opcodes.frequency) yield* reader.skip(1);
      else if (opcode === opcodes.resizeDb) yield* reader.skipLengths(2);
      else if (opcode === opcodes.slotInfo) yield* reader.skipLengths(3);
      else if (opcode === opcodes.aux) yield* this.#aux();
      else if (opcode === opcodes.moduleAux) yield* this.#moduleData();
      else if (opcode === opcodes.function2) yield* this.#function();
      else {
        yield* this.#key(opcode, database, expiresMs);
        expiresMs = undefined;
      }
    }
  }

  *#aux(): Step<void> {
    const name = yield* this.#reader.shortString();
    const value = yield* this.#reader.shortString();
    if (name === 'used-mem') this.#usedMemoryBytes = Number(value);
    if (name === 'ctime' && !this.#moment.asOf)
      this.#asOfMs = Number(value) * 1000 + (this.#moment.laterMs ?? 0);
  }

  *#moduleData(): Step<void> {
    this.#moduleTypes.add(moduleTypeOf(yield* this.#reader.wideLength()));
    yield* passModuleValue(this.#reader);
  }

  *#function(): Step<void> {
    yield* this.#reader.skipString();
    this.#functions += 1;
  }

  /** A key with all that belongs to it that lies whole in this chunk; else false, and the reader stays where it was. */
  #passKey(database: number): boolean {
    const reader = this.#reader;
    const start = reader.at;
    let type = reader.passByte();
    const expiresMs = type === opcodes.expireMs ? reader.passNumber() : undefined;
    if (expiresMs !== undefined) type = reader.passByte();
    if (type === opcodes.frequency) type = reader.passByte() < 0 ? -1 : reader.passByte();
    if (type === opcodes.idle) type = reader.passLength() < 0 ? -1 : reader.passByte();
    const value = types[type];
    const whole = value?.pass !== undefined && reader.passString() && value.pass(reader);
    if (whole) this.#count(value.name, database, expiresMs);
    else reader.goTo(start);
    return whole;
  }

  *#key(type: number, database: number, expiresMs: number | undefined): Step<void> {
    yield* this.#reader.skipString();
    const value = yield* valueOf(type, this.#format.flavour, this.#reader);
    if (Object.hasOwn(moduleOf, value.name)) this.#moduleTypes.add(value.name);
    this.#count(value.name, database, expiresMs, yield* value.skip(this.#reader));
  }

  #count(type: string, database: number, expiresMs: number | undefined, fieldsEndMs?: Lifetime): void {
    this.#databases = Math.max(this.#databases, database + 1);
    const endMs = Math.min(expiresMs ?? Infinity, fieldsEndMs ?? Infinity);
    this.#mortal ||= endMs < Infinity;
    if (endMs <= this.#asOfMs) return;
    const item = `db${database}/${type}`;
    const counts = this.#counts.get(item) ?? { keys: 0, expiring: 0 };
    counts.keys += 1;
    if (expiresMs !== undefined) counts.expiring += 1;
    this.#counts.set(item, counts);
  }
}
