import type { AuditReport } from '../runs/audit-verify.ts';
import type { AuditEntry } from '../runs/audit-entry.ts';
import type { Proof } from '../crypto/signature.ts';
import type { Manifest } from '../archives/manifest.ts';
import { printableLine } from '../core/printable.ts';
import { formatBytes, formatSeconds } from '../core/units.ts';
import type { Checked, CheckReport } from '../commands/check/check.ts';
import { time } from './render.ts';
import type { Shown } from '../commands/show/show.ts';
import { table } from '../core/text-table.ts';

const verdict = ({ severity, repairable, repaired, failed }: Checked): string => {
  if (repaired) return `repaired: ${repaired}`;
  if (failed) return `${severity}, not repaired: ${failed}`;
  return repairable ? `${severity}, --repair mends it` : severity;
};

export const renderCheck = ({ ok, problems, repaired, findings }: CheckReport): string => {
  const end = ok ? 'nothing is wrong' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`;
  const rows = findings.map((finding) => [
    finding.kind,
    finding.store,
    finding.key,
    finding.message,
    verdict(finding),
  ]);
  return [
    ...(rows.length > 0 ? [table(['finding', 'store', 'key', 'what', 'state'], rows)] : []),
    repaired > 0 ? `${repaired} repaired; ${end}` : end,
  ].join('\n');
};

const pairs = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([name, value]) => `  ${name.padEnd(12)}${printableLine(value)}`).join('\n');

const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : ['', title, table(head, rows).replaceAll(/^/gm, '  ')];

const facts = (manifest: Manifest): readonly (readonly [string, string])[] => {
  const { server, encryption, seal, startedAt, finishedAt } = manifest;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const tools = Object.entries(server.tools).map(([name, version]) => `${name} ${version}`);
  return [
    ['id', manifest.id],
    ['target', `${manifest.target} of ${manifest.environment}, engine ${manifest.engine}`],
    ['tier', manifest.tier],
    ['taken', `${time(startedAt)}, in ${formatSeconds(seconds)}`],
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

/** The history, entries and fingerprint of an archive, for people; `--json` has every field. */
export const renderShown = ({ store, archive, problem, manifest }: Shown): string =>
  [
    `${store}/${archive}`,
    pairs([
      ['manifest', problem === undefined ? 'authentic' : `NOT AUTHENTIC: ${problem}`],
      ...facts(manifest),
    ]),
    ...section(
      'verifications',
      ['at', 'level', 'result', 'took'],
      manifest.verifications.map(({ at, level, ok, problem: code, seconds }) => [
        time(at),
        level,
        ok ? 'ok' : `FAILED ${code ?? ''}`,
        seconds === undefined ? '-' : formatSeconds(seconds),
      ]),
    ),
    ...section(
      'entries',
      ['name', 'size'],
      manifest.entries.map(({ name, bytes }) => [name, formatBytes(bytes)]),
    ),
    ...section(
      'fingerprint',
      ['of', 'holds'],
      Object.entries(manifest.fingerprint).map(([name, counts]) => [
        name,
        Object.entries(counts)
          .map(([what, count]) => `${what} ${count}`)
          .join(', '),
      ]),
    ),
  ].join('\n');

/** An entry, and whether it stands under a key at hand; `audit verify` looks at the whole trail. */
export type ShownEntry = AuditEntry & { readonly proof: Proof };

export const renderAudit = (entries: readonly ShownEntry[]): string =>
  table(
    ['entry', 'at', 'host', 'command', 'target', 'result', 'archive', 'proof'],
    entries.map(({ sequence, at, host, command, target, ok, failure, figures, proof }) => [
      String(sequence),
      time(at),
      host,
      command,
      target,
      ok ? 'ok' : `FAILED ${failure ?? ''}`,
      String(figures['archive'] ?? ''),
      proof,
    ]),
  );

export const renderAuditReport = ({ ok, entries, proved, problems }: AuditReport): string =>
  [
    ...problems.map(({ entry, message }) => printableLine(`${entry} ${message}`)),
    `${entries} entries, ${proved} proved under a key at hand: ${ok ? 'whole' : 'BROKEN'}`,
  ].join('\n');
