import { isParted, type Manifest, type Part } from '../../archives/manifest.ts';
import { namedValues } from '../../core/named-values.ts';
import { printableLine } from '../../core/printable.ts';
import { sum } from '../../core/sum.ts';
import { table } from '../../core/text-table.ts';
import { secondsTaken } from '../../core/times.ts';
import { formatBytes, formatSeconds, formatTime } from '../../core/units.ts';
import type { Shown } from './result.ts';

const pairs = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([name, value]) => `  ${name.padEnd(12)}${printableLine(value)}`).join('\n');

const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : ['', title, table(head, rows).replaceAll(/^/gm, '  ')];

const facts = (manifest: Manifest): readonly (readonly [string, string])[] => {
  const { server, encryption, seal, startedAt } = manifest;
  const tools = Object.entries(server.tools).map(([name, version]) => `${name} ${version}`);
  return [
    ['id', manifest.id],
    ['target', `${manifest.target} of ${manifest.environment}, engine ${manifest.engine}`],
    ['tier', manifest.tier],
    ['taken', `${formatTime(startedAt)}, in ${formatSeconds(secondsTaken(manifest))}`],
    ['server', `${server.product} ${server.version}`],
    ['tools', [manifest.program, ...tools].join(', ')],
    ['data', formatBytes(manifest.sourceBytes)],
    ['archive', `${formatBytes(manifest.archiveBytes)} (${manifest.archiveBytes} bytes)`],
    ['compression', `${manifest.compression.algorithm} level ${manifest.compression.level}`],
    ['encryption', encryption ? `${encryption.cipher}, key ${encryption.keyId}` : 'none'],
    ['sha256', seal.sha256],
    ['segments', `${seal.segments.length} of ${formatBytes(seal.segmentBytes)}`],
  ];
};

const verifications = (manifest: Manifest): string[] =>
  section(
    'verifications',
    ['at', 'level', 'result', 'took'],
    manifest.verifications.map(({ at, level, ok, problem, seconds }) => [
      formatTime(at),
      level,
      ok ? 'ok' : `FAILED ${problem ?? ''}`,
      seconds === undefined ? '-' : formatSeconds(seconds),
    ]),
  );

/** Parts by what they are of, where they say so: a large table may have thousands. */
const partsByItem = (manifest: Manifest): ReadonlyMap<string, readonly Part[]> => {
  const byItem = new Map<string, Part[]>();
  for (const part of isParted(manifest) ? manifest.parts : []) {
    const { of: item } = part.facts;
    if (item === undefined) continue;
    const same = byItem.get(`${item}`) ?? [];
    same.push(part);
    byItem.set(`${item}`, same);
  }
  return byItem;
};

const entries = (manifest: Manifest, parts: ReadonlyMap<string, readonly Part[]>): string[] => {
  const pieces = new Set([...parts.values()].flat().map(({ entry }) => entry));
  const rows = manifest.entries
    .filter(({ name }) => !pieces.has(name))
    .map(({ name, bytes }) => [name, formatBytes(bytes)]);
  return section('entries', ['name', 'size'], rows);
};

const partRows = (manifest: Manifest, parts: ReadonlyMap<string, readonly Part[]>): string[] =>
  section(
    'parts',
    ['of', 'parts', 'size', 'stored', 'of them new'],
    [...parts].map(([item, of]) => [
      item,
      `${of.length}`,
      formatBytes(sum(of.map(({ bytes }) => bytes))),
      formatBytes(sum(of.map(({ seal }) => seal.bytes))),
      `${of.filter(({ storedAt }) => storedAt >= manifest.startedAt).length}`,
    ]),
  );

const fingerprint = (manifest: Manifest): string[] =>
  section(
    'fingerprint',
    ['of', 'holds'],
    Object.entries(manifest.fingerprint).map(([name, counts]) => [name, namedValues(counts)]),
  );

/** The history, entries and fingerprint of an archive, for people; `--json` has every field. */
export const renderShown = ({ store, archive, problem, manifest }: Shown): string => {
  const parts = partsByItem(manifest);
  return [
    `${store}/${archive}`,
    pairs([
      ['manifest', problem === undefined ? 'authentic' : `NOT AUTHENTIC: ${problem}`],
      ...facts(manifest),
    ]),
    ...verifications(manifest),
    ...entries(manifest, parts),
    ...partRows(manifest, parts),
    ...fingerprint(manifest),
  ].join('\n');
};
