// Preloaded into a process by NODE_OPTIONS: its file system has no links, as one that is mounted by SMB. $NO_LINKS is what
// link(2) and symlink(2) answer.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const code = process.env['NO_LINKS'];
const refuse = async () => {
  throw Object.assign(new Error(`${code}: not possible here`), { code });
};
Object.assign(fs, { link: refuse, symlink: refuse });
syncBuiltinESMExports();
