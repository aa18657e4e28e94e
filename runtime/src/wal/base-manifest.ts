import { z } from 'zod';
import { decodeAs, encodeAs, fileShape, signature, type SignedManifest } from '../archives/manifest.ts';
import { manifestKey, suffixOf, type Form } from '../archives/layout.ts';
import { stamp } from '../core/units.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { BaseFacts } from '../engines/engine-base.ts';
import { positionText } from './names.ts';

/** Folder of the bases of a target, beside its log. */
export const baseFolder = (target: string): string => `base/${target}/`;

/** `base/postgresql/base_20261129_010000.tar.zst.enc` */
export const baseKey = (target: string, time: Date, form: Form): string =>
  `${baseFolder(target)}base_${stamp(time)}${suffixOf(form)}`;

/** A position as keys of pieces have it, so that their order is the order of the text. */
const position = z.string().regex(/^[0-9a-f]{16}$/);

const idOfBase = z.string().regex(/^[0-9a-f]{32}$/);

/** What a base is, and which log makes it whole. */
const baseSchema = z.strictObject({
  kind: z
    .enum(['base', 'rolled', 'increment'])
    .describe(
      'base: a copy of the server; rolled: made of another base and its log; increment: what changed on the server since another base',
    ),
  systemIdentifier: z.string().regex(/^[1-9]\d{0,19}$/),
  timeline: z.int().min(1),
  startLsn: position,
  redoLsn: position,
  endLsn: position,
  /** Of data blocks. */
  checksums: z.boolean(),
  /** Id of the base that it was rolled from. */
  rolledFrom: idOfBase.optional(),
  /** End of the log that was replayed. */
  walThrough: position.optional(),
  /** Of an increment: id of the base that it holds the changes since. */
  incrementOf: idOfBase.optional(),
});

export const baseManifestSchema = z.strictObject({ ...fileShape, format: z.literal(1), base: baseSchema });

/** `<base>.manifest.json`: FORMAT.md describes it. */
export type BaseManifest = z.output<typeof baseManifestSchema>;

const signedSchema = z.strictObject({ ...baseManifestSchema.shape, ...signature });

/** Key of a base's manifest. */
export const baseManifestKey = manifestKey;

/** @throws BackupError `manifest.damaged` */
export const decodeBaseManifest = (text: string, key: string): SignedManifest<BaseManifest> =>
  decodeAs<BaseManifest>(signedSchema, text, key);

export const encodeBaseManifest = (manifest: BaseManifest, keys: KeyRing | undefined): Promise<string> =>
  encodeAs<BaseManifest>(signedSchema, manifest, keys);

/** How a base was made: copied whole, of another base and its log, or of what changed on the server since another base. */
export type Making =
  | { readonly kind: 'base' }
  | {
      readonly kind: 'rolled';
      /** Id of that base. */
      readonly from: string;
      /** End of the log that was replayed. */
      readonly through: bigint;
      /** Nothing that was replayed was committed later: from then on the base counts. */
      readonly at: Date;
    }
  | { readonly kind: 'increment'; readonly of: string };

const originOf = (making: Making) => {
  if (making.kind === 'rolled') return { rolledFrom: making.from, walThrough: positionText(making.through) };
  return making.kind === 'increment' ? { incrementOf: making.of } : {};
};

/** What a manifest says of a base that was just made. */
export const describeBase = (
  { system, timeline, start, redo, end, checksums }: BaseFacts,
  making: Making,
): BaseManifest['base'] => ({
  kind: making.kind,
  systemIdentifier: system,
  timeline,
  startLsn: positionText(start),
  redoLsn: positionText(redo),
  endLsn: positionText(end),
  checksums,
  ...originOf(making),
});

const positionOf = (text: string): bigint => BigInt(`0x${text}`);

/** What an engine takes of it. */
export const factsOf = ({ base }: BaseManifest): BaseFacts => ({
  system: base.systemIdentifier,
  timeline: base.timeline,
  start: positionOf(base.startLsn),
  redo: positionOf(base.redoLsn),
  end: positionOf(base.endLsn),
  checksums: base.checksums,
});
