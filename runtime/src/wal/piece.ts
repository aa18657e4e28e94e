import { BackupError } from '../core/errors.ts';
import { giveBack } from '../core/give-back.ts';
import type { Key } from '../crypto/key-ring.ts';
import { cipherSource, openWhole, sealWhole, type ObjectCipher } from '../crypto/whole.ts';
import { leadBytes, withLead } from '../pipeline/lead.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Stretch } from './cover.ts';
import { pieceEnding, pieceKey, pieceStem, timelineText, type PieceName } from './names.ts';
import { packWhole, unpackWhole } from './packing.ts';
import type { LogPlace } from './place.ts';
import { putOnce } from './put-once.ts';

/** Where a piece belongs, before it is sealed. */
export type PiecePlace = Pick<PieceName, 'system' | 'timeline' | 'from' | 'to' | 'time'>;

/** Everything that the key of a piece says, but its MAC: so no piece can take the place of another. */
const labelOf = (piece: Omit<PieceName, 'mac'>): string =>
  [
    'grill-backup wal piece',
    piece.system,
    timelineText(piece.timeline),
    pieceStem(piece) + pieceEnding(piece),
  ].join('\0');

/** A piece that is ready to be stored. */
export interface SealedPiece {
  readonly name: PieceName;
  readonly key: string;
  readonly parts: readonly Buffer[];
  /** Of all parts. */
  readonly bytes: number;
}

/** Ciphers of pieces; none where the plan stores in the clear. */
export type PieceCiphers = () => Promise<ObjectCipher> | undefined;

export const pieceCiphers = ({ keys, randomBytes }: LogPlace): PieceCiphers =>
  keys ? cipherSource(keys[0], randomBytes) : () => undefined;

/** @param ciphers of many pieces; @default of its own, which is slow */
export const sealPiece = async (
  place: LogPlace,
  of: PiecePlace,
  plain: Buffer,
  ciphers = pieceCiphers(place),
): Promise<SealedPiece> => {
  const { target, keys, compression, randomBytes } = place;
  const { algorithm } = compression;
  const unsealed = { ...of, compression: algorithm, encrypted: keys !== undefined };
  const packed = await packWhole(plain, compression);
  const plainParts = keys ? withLead(packed, algorithm, randomBytes(leadBytes)) : packed;
  const { parts, mac } = await sealWhole(plainParts, labelOf(unsealed), keys?.[0], await ciphers());
  if (keys) giveBack(packed);
  const name = { ...unsealed, mac };
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  return { name, key: pieceKey(target, name), parts, bytes };
};

/** Stores a piece. Its key holds the MAC of its bytes, so that what has the key already is this very piece. */
export const putPiece = ({ store }: Pick<LogPlace, 'store'>, { key, parts }: SealedPiece): Promise<void> =>
  putOnce(store, key, parts);

const damaged = (key: string, how: string): BackupError =>
  new BackupError('archive.damaged', `piece ${key} ${how}`);

/** A stored piece whose MAC held. */
export interface OpenedPiece {
  /** That made it; undefined where the plan stores in the clear. */
  readonly key: Key | undefined;
  /** @throws BackupError archive.damaged for what does not hold the log that its name says */
  readonly log: () => Promise<Buffer>;
}

/** Proves a stored piece; not a byte of it is released before. @throws BackupError archive.damaged, store.* */
export const openPiece = async ({ store, target, keys }: LogPlace, name: PieceName): Promise<OpenedPiece> => {
  const key = pieceKey(target, name);
  if (name.encrypted !== (keys !== undefined))
    throw damaged(
      key,
      keys ? 'is not encrypted, but the plan demands encryption' : 'is encrypted, and the plan has no key',
    );
  const bytes = await readSmall(store, key, 'piece');
  const opened = await openWhole(bytes, labelOf(name), name.mac, keys);
  if (!opened) throw damaged(key, 'was altered, cut, renamed or exchanged, or no key of the plan made it');
  const log = async (): Promise<Buffer> => {
    const length = Number(name.to - name.from);
    const plain = await unpackWhole(opened.plain, name.compression, length).catch(() => undefined);
    if (!plain) throw damaged(key, 'does not hold as much log as its name says');
    return plain;
  };
  return { key: opened.key, log };
};

/** Log of a stored piece. @throws as `openPiece` */
export const readPiece = async (place: LogPlace, name: PieceName): Promise<Buffer> =>
  (await openPiece(place, name)).log();

/** Bytes [from, to) of the log, out of a piece that holds them. @throws as `readPiece` */
export const readPart = async (place: LogPlace, piece: PieceName, { from, to }: Stretch): Promise<Buffer> => {
  const log = await readPiece(place, piece);
  return log.subarray(Number(from - piece.from), Number(to - piece.from));
};
