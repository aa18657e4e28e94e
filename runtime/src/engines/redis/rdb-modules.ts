import { RdbError, type RdbReader, type Step } from './rdb-reader.ts';

/**
 * Types of modules whose values were seen to come back: name of the type, as TYPE says it, and of the module that a
 * server needs to load them, as HELLO says it.
 */
export const moduleOf: Readonly<Record<string, string>> = {
  vectorset: 'vectorset', // part of redis 8
  'MBbloom--': 'bf',
  MBbloomCF: 'bf',
  'CMSk-TYPE': 'bf',
  'TopK-TYPE': 'bf',
  'TDIS-TYPE': 'bf',
  'ReJSON-RL': 'ReJSON',
  'TSDB-TYPE': 'timeseries',
};

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const [nameLength, versionBits, characterBits] = [9, 10n, 6n];

/** The type's name in its id: nine characters of 6 bits, then 10 bits of version (moduleTypeNameByID in module.c). */
const nameIn = (id: bigint): string =>
  Array.from({ length: nameLength }, (_, index) => {
    const shift = versionBits + characterBits * BigInt(nameLength - 1 - index);
    return characters[Number((id >> shift) & 63n)];
  }).join('');

/** @throws RdbError `unsupported` that names a type whose module nobody has tried */
export const moduleTypeOf = (id: bigint): string => {
  const name = nameIn(id);
  if (Object.hasOwn(moduleOf, name)) return name;
  throw new RdbError('unsupported', `the RDB holds data of the module type ${name}, which is not supported`);
};

/** Annotations of what a module wrote (RDB_MODULE_OPCODE_* in rdb.h). */
const parts = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

const passPart = function* (reader: RdbReader, part: number): Step<void> {
  if (part === parts.signed || part === parts.unsigned) yield* reader.length();
  else if (part === parts.float) yield* reader.skip(4);
  else if (part === parts.double) yield* reader.skip(8);
  else if (part === parts.string) yield* reader.skipString();
  else throw new RdbError('damaged', `the RDB has an unknown part ${part} in data of a module`);
};

/** Passes over what a module wrote, to its end. */
export const passModuleValue = function* (reader: RdbReader): Step<void> {
  for (;;) {
    const part = yield* reader.length();
    if (part === parts.end) return;
    yield* passPart(reader, part);
  }
};
