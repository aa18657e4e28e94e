import { BackupStack } from './component.ts';
import { outputsOf } from './outputs.ts';
import { stackArgs } from './stack-config.ts';

// a default export: each named one that is undefined would be a warning
export default outputsOf(new BackupStack('backup', stackArgs()));
