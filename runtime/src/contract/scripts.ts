import { allTargets, hasIncrements, names, type NamedTarget } from './names.ts';

/** One file of ConfigMap `backup-scripts`. */
export interface Script {
  readonly file: string;
  /** Arguments of `grill-backup`; the script's own arguments follow them. */
  readonly command: readonly string[];
}

const scriptsOf = ({ name, pointInTime, ...target }: NamedTarget): readonly Script[] => [
  { file: `${name}-backup.sh`, command: ['backup', name] },
  ...(hasIncrements({ name, ...target })
    ? [{ file: `${name}-hourly.sh`, command: ['backup', name, '--hourly'] }]
    : []),
  { file: `${name}-restore.sh`, command: ['restore', name] },
  ...(pointInTime === undefined ? [] : [{ file: `${name}-base.sh`, command: ['base', name] }]),
];

/** Scripts of a plan: those of each target, `full-restore.sh`, `verify-backups.sh` and `drill-backups.sh`. */
export const scriptsFor = (targets: readonly NamedTarget[]): readonly Script[] => [
  ...targets.flatMap(scriptsOf),
  { file: 'full-restore.sh', command: ['restore', allTargets] },
  { file: 'verify-backups.sh', command: ['verify'] },
  { file: 'drill-backups.sh', command: ['verify', '--level', 'drill'] },
];

/** Text of a script: thin, so that all behaviour is in the CLI. */
export const renderScript = (script: Script): string =>
  `#!/bin/sh\nexec ${[names.program, ...script.command].join(' ')} "$@"\n`;
