import { html } from 'hono/html';
import { fileName } from '../../archives/layout.ts';
import type { Manifest } from '../../archives/manifest.ts';
import { namedValues } from '../../core/named-values.ts';
import { secondsTaken } from '../../core/times.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { ArchiveDetail, Copy } from '../queries/archives.ts';
import { layout, type Markup } from './layout.ts';
import { facts, section } from './section.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';

const about = ({
  tier,
  startedAt,
  finishedAt,
  server,
  sourceBytes,
  archiveBytes,
  encryption,
  ...rest
}: Manifest): Markup =>
  facts([
    ['Data as of', time(startedAt)],
    ['Taken in', formatSeconds(secondsTaken({ startedAt, finishedAt }))],
    ['Tier', tier],
    ['Server', `${server.product} ${server.version}`],
    ['Data', formatBytes(sourceBytes)],
    ['Archive', `${formatBytes(archiveBytes)}, ${rest.compression.algorithm}`],
    ['Encryption', encryption ? `${encryption.cipher}, key ${encryption.keyId}` : 'none'],
  ]);

const contents = ({ fingerprint }: Manifest): Markup =>
  table({
    caption: 'Tables, buckets or key types, counted as they were taken',
    columns: ['Of', 'Holds'],
    rows: Object.entries(fingerprint).map(([item, counts]) => row([item, namedValues(counts)])),
  });

const verificationRow = ({ at, level, ok, seconds, problem }: Manifest['verifications'][number]): Row =>
  row(
    [
      time(at),
      level === 'drill' ? 'restored and compared' : 'read whole',
      html`<strong>${ok ? 'good' : (problem ?? 'failed')}</strong>`,
      seconds === undefined ? '–' : formatSeconds(seconds),
    ],
    ok ? 'green' : 'red',
  );

const verifications = ({ verifications: all }: Manifest): Markup =>
  table({
    caption: 'Verifications',
    columns: ['When', 'How', 'Result', 'Took'],
    rows: all.map(verificationRow),
    none: 'Nobody has verified it yet.',
  });

const stateOf = ({ present, problem }: Copy): string => problem ?? (present ? 'there' : 'missing');

const copyRow = (copy: Copy): Row =>
  row(
    [copy.store, html`<strong>${stateOf(copy)}</strong>`, copy.lockedUntil ?? 'not locked'],
    copy.present ? 'green' : 'red',
  );

const copiesOf = (copies: readonly Copy[]): Markup =>
  table({ caption: 'Copies', columns: ['Store', 'File', 'Locked until'], rows: copies.map(copyRow) });

const proof = ({ problem }: ArchiveDetail['shown']): Markup =>
  problem === undefined
    ? html`<p class="verdict green"><strong>Its manifest is authentic.</strong></p>`
    : html`<p class="verdict red" role="alert">
        <strong>Its manifest is not authentic:</strong> ${problem}
      </p>`;

/** One archive: what is in it, who verified it, where its copies lie and until when they are locked. */
export const archivePage = (caller: string, { shown, copies }: ArchiveDetail): Markup => {
  const { archive, manifest } = shown;
  const name = fileName(archive);
  const target = `/targets/${manifest.target}`;
  const content = html`<p>
      <a href="${target}">${manifest.target}</a> · <a href="${target}/restore?archive=${name}">Restore it</a>
    </p>
    ${proof(shown)} ${about(manifest)} ${section('verifications', 'Who verified it', verifications(manifest))}
    ${section('copies', 'Where it lies', copiesOf(copies))}
    ${section('contents', 'What is in it', contents(manifest))}`;
  return layout({ title: name, caller, content });
};
