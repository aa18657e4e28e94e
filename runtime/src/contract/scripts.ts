import { allTargets, names } from './names.ts';

/** One file of ConfigMap `backup-scripts`. */
export interface Script {
  readonly file: string;
  /** Arguments of `grill-backup`; the script's own arguments follow them. */
  readonly command: readonly string[];
}

/** Scripts of a plan: backup and restore per target, `full-restore.sh`, `verify-backups.sh` and `drill-backups.sh`. */
export const scriptsFor = (targets: readonly string[]): readonly Script[] => [
  ...targets.flatMap((target) => [
    { file: `${target}-backup.sh`, command: ['backup', target] },
    { file: `${target}-restore.sh`, command: ['restore', target] },
  ]),
  { file: 'full-restore.sh', command: ['restore', allTargets] },
  { file: 'verify-backups.sh', command: ['verify'] },
  { file: 'drill-backups.sh', command: ['verify', '--level', 'drill'] },
];

/** Text of a script: thin, so that all behaviour is in the CLI. */
export const renderScript = (script: Script): string =>
  `#!/bin/sh\nexec ${[names.program, ...script.command].join(' ')} "$@"\n`;
