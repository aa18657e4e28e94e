import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';

/** What a server leaves that was killed. */
const leftSocket =
  "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))";

const socketAt = (path: string): void => {
  try {
    execFileSync(process.execPath, ['-e', leftSocket, path], { stdio: 'ignore' });
  } catch {
    // killed, as it should be
  }
};

/** Things that a folder may hold where this program would have a file; each makes one at a path. */
export const oddKinds = {
  pipe: (path: string) => void execFileSync('mkfifo', [path]),
  folder: (path: string) => void mkdirSync(path),
  'full folder': (path: string) => void mkdirSync(`${path}/inside`, { recursive: true }),
  'dangling link': (path: string) => symlinkSync('nowhere', path),
  'link to itself': (path: string) => symlinkSync(path, path),
  'link to a device': (path: string) => symlinkSync('/dev/zero', path),
  'link out of the store': (path: string) => symlinkSync('/etc/passwd', path),
  socket: socketAt,
} as const satisfies Record<string, (path: string) => void>;

export type OddKind = keyof typeof oddKinds;

export const oddNames = Object.keys(oddKinds) as readonly OddKind[];
