import { directoryStore } from '../../runtime/src/store/directory.ts';
import { isBackupError, messageOf } from '../../runtime/src/core/errors.ts';

// argv: folder, key, bytes. Puts zeros into a directory store and prints what came of it, for tests that limit a process.
const [folder = '', key = '', bytes = '0'] = process.argv.slice(2);

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
