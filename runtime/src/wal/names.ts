import { compressions, type Compression } from '../contract/compression.ts';

/** One stretch of a log in a store: bytes [from, to) of a timeline, and what proves them. */
export interface PieceName {
  /** Decimal digits. */
  readonly system: string;
  readonly timeline: number;
  readonly from: bigint;
  readonly to: bigint;
  /** The server's clock when it sent the last byte, in ms: nothing inside was committed later. */
  readonly time: number;
  /** HMAC-SHA256, or SHA-256 where the plan stores in the clear; hex. */
  readonly mac: string;
  readonly compression: Compression;
  readonly encrypted: boolean;
}

/** Folder that holds the log of a target: beside the target's own folder, which is listed whole by every command. */
export const walFolder = (target: string): string => `wal/${target}/`;

export const systemFolder = (target: string, system: string): string => `${walFolder(target)}${system}/`;

/** Lock of whoever makes other objects of what is stored: a compaction and a rekey would list what the other one removes. */
export const rewritingLock = (target: string): string => `${target}.log`;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

export const timelineText = (timeline: number): string => hex(timeline, 8);

export const positionText = (position: bigint): string => hex(position, 16);

export const timelineFolder = (target: string, system: string, timeline: number): string =>
  `${systemFolder(target, system)}${timelineText(timeline)}/`;

/** What a piece's MAC is bound to, besides its bytes: its place, as its key says it, without the MAC. */
export const pieceStem = ({ from, to, time }: Pick<PieceName, 'from' | 'to' | 'time'>): string =>
  `${positionText(from)}_${positionText(to)}_${time}`;

export const pieceEnding = ({
  compression,
  encrypted,
}: Pick<PieceName, 'compression' | 'encrypted'>): string =>
  `.wal.${compressions[compression]}${encrypted ? '.enc' : ''}`;

export const pieceKey = (target: string, piece: PieceName): string =>
  `${timelineFolder(target, piece.system, piece.timeline)}${pieceStem(piece)}_${piece.mac}${pieceEnding(piece)}`;

const endings = Object.entries(compressions).map(([name, suffix]) => [suffix, name as Compression] as const);
const suffixes = endings.map(([suffix]) => suffix).join('|');

const placePattern = '([1-9]\\d{0,19})/([0-9a-f]{8})';
const piecePattern = new RegExp(
  `^${placePattern}/([0-9a-f]{16})_([0-9a-f]{16})_([1-9]\\d{0,15})_([0-9a-f]{64})\\.wal\\.(${suffixes})(\\.enc)?$`,
);

const compressionOf = (suffix: string): Compression =>
  endings.find(([known]) => known === suffix)?.[1] ?? 'gzip';

/** The part of a key after the target's folder; undefined for a key elsewhere. */
const below = (target: string, key: string): string | undefined =>
  key.startsWith(walFolder(target)) ? key.slice(walFolder(target).length) : undefined;

/** What the key of a piece says; undefined for what is no piece of the target. */
export const parsePieceKey = (target: string, key: string): PieceName | undefined => {
  const match = piecePattern.exec(below(target, key) ?? '');
  if (!match) return undefined;
  const [, system = '', timeline = '', from = '', to = '', time = '', mac = '', suffix = '', sealed] = match;
  const piece: PieceName = {
    system,
    timeline: Number.parseInt(timeline, 16),
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    time: Number(time),
    mac,
    compression: compressionOf(suffix),
    encrypted: sealed !== undefined,
  };
  return piece.timeline > 0 && piece.from < piece.to ? piece : undefined;
};

/** `2026-11-29T09`, in UTC: an index holds what was stored within it. */
export const hourOf = (time: Date): string => time.toISOString().slice(0, 13);

/** One hour of a timeline. */
export interface HourPlace {
  readonly system: string;
  readonly timeline: number;
  readonly hour: string;
}

export const indexKey = (target: string, { system, timeline, hour }: HourPlace): string =>
  `${timelineFolder(target, system, timeline)}${hour}.index.json`;

const indexPattern = new RegExp(`^${placePattern}/(\\d{4}-\\d\\d-\\d\\dT\\d\\d)\\.index\\.json$`);

/** The hour of an index's key; undefined for what is none. */
export const parseIndexKey = (target: string, key: string): HourPlace | undefined => {
  const match = indexPattern.exec(below(target, key) ?? '');
  const [, system = '', timeline = '', hour = ''] = match ?? [];
  return match ? { system, timeline: Number.parseInt(timeline, 16), hour } : undefined;
};

/** What a timeline came from, in the database's own words. */
export interface HistoryName {
  readonly system: string;
  readonly timeline: number;
  readonly mac: string;
  readonly encrypted: boolean;
}

export const historyKey = (target: string, { system, timeline, mac, encrypted }: HistoryName): string =>
  `${systemFolder(target, system)}${timelineText(timeline)}_${mac}.history${encrypted ? '.enc' : ''}`;

const historyPattern = /^([1-9]\d{0,19})\/([0-9a-f]{8})_([0-9a-f]{64})\.history(\.enc)?$/;

/** Undefined for what is no history of the target. */
export const parseHistoryKey = (target: string, key: string): HistoryName | undefined => {
  const match = historyPattern.exec(below(target, key) ?? '');
  const [, system = '', timeline = '', mac = '', sealed] = match ?? [];
  return match
    ? { system, timeline: Number.parseInt(timeline, 16), mac, encrypted: sealed !== undefined }
    : undefined;
};

/** A stretch of log that nobody has. */
export interface GapName {
  readonly system: string;
  readonly timeline: number;
  readonly from: bigint;
  readonly to: bigint;
}

export const gapKey = (target: string, { system, timeline, from, to }: GapName): string =>
  `${systemFolder(target, system)}gaps/${timelineText(timeline)}_${positionText(from)}_${positionText(to)}.json`;

const gapPattern = /^([1-9]\d{0,19})\/gaps\/([0-9a-f]{8})_([0-9a-f]{16})_([0-9a-f]{16})\.json$/;

/** Undefined for what is no gap of the target. */
export const parseGapKey = (target: string, key: string): GapName | undefined => {
  const match = gapPattern.exec(below(target, key) ?? '');
  const [, system = '', timeline = '', from = '', to = ''] = match ?? [];
  return match
    ? { system, timeline: Number.parseInt(timeline, 16), from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) }
    : undefined;
};

/** What receivers wrote down of themselves. */
export const receptionFolder = (target: string): string => `${walFolder(target)}receptions/`;

export const isReceptionKey = (target: string, key: string): boolean =>
  /^receptions\/\d{8}_\d{6}_[0-9a-f]{6}\.json$/.test(below(target, key) ?? '');

/** Whether a key is that of something that a receiver stores of the target. */
export const isLogKey = (target: string, key: string): boolean =>
  isReceptionKey(target, key) ||
  [parsePieceKey, parseIndexKey, parseHistoryKey, parseGapKey].some((parse) => parse(target, key));
