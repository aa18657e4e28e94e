import { table } from '../../core/text-table.ts';
import { formatCount } from '../../core/units.ts';
import type { Checked, CheckReport } from './result.ts';

const verdict = ({ severity, repairable, repaired, failed }: Checked): string => {
  if (repaired) return `repaired: ${repaired}`;
  if (failed) return `${severity}, not repaired: ${failed}`;
  return repairable ? `${severity}, --repair fixes it` : severity;
};

export const renderCheck = ({ ok, problems, repaired, findings }: CheckReport): string => {
  const end = ok ? 'nothing is wrong' : formatCount(problems, 'problem');
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
