import { directoryStore } from '../../runtime/src/store/directory.ts';
import { isBackupError, messageOf } from '../../runtime/src/core/errors.ts';
import { unprivileged } from './private-server.ts';

// argv: folder, key, bytes. Puts zeros into a directory store as the non-root user and prints what came of it, for tests
// that limit a process.
const [folder = '', key = '', bytes = '0'] = process.argv.slice(2);

// Not before its modules are loaded: the other user may be unable to read this repository, below /root for instance.
if (unprivileged.gid) process.setgid!(unprivileged.gid);
if (unprivileged.uid) process.setuid!(unprivileged.uid);

async function* zeros(left: number): AsyncGenerator<Buffer> {
  for (; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
}

try {
  console.log(JSON.stringify({ put: await directoryStore({ path: folder }).put(key, zeros(Number(bytes))) }));
} catch (error) {
  console.log(
    JSON.stringify({ code: isBackupError(error) ? error.code : 'none', message: messageOf(error) }),
  );
}
