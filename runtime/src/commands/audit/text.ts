import { printableLine } from '../../core/printable.ts';
import { table } from '../../core/text-table.ts';
import { formatTime } from '../../core/units.ts';
import type { AuditReport } from '../../runs/audit-verify.ts';
import type { ShownEntry } from './result.ts';

/** Newest entries that `audit show` prints as text; `--json` has all. @default 50 - two screens */
const shownEntries = 50;

const renderEntries = (entries: readonly ShownEntry[]): string =>
  table(
    ['entry', 'at', 'host', 'command', 'target', 'result', 'archive', 'proof'],
    entries
      .slice(-shownEntries)
      .map(({ sequence, at, host, command, target, ok, failure, figures, proof }) => [
        String(sequence),
        formatTime(at),
        host,
        command,
        target,
        ok ? 'ok' : `FAILED ${failure ?? ''}`,
        String(figures['archive'] ?? ''),
        proof,
      ]),
  );

const renderReport = ({ ok, entries, proved, problems }: AuditReport): string =>
  [
    ...problems.map(({ entry, message }) => printableLine(`${entry} ${message}`)),
    `${entries} entries, ${proved} signed by an available key: ${ok ? 'whole' : 'BROKEN'}`,
  ].join('\n');

/** The entries of `audit show`, or the report of `audit verify`. */
export const renderAudit = (result: readonly ShownEntry[] | AuditReport): string =>
  'problems' in result ? renderReport(result) : renderEntries(result);
