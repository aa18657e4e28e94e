import { PassThrough } from 'node:stream';
import type { Session } from '../../runtime/src/cli/run.ts';
import type { App } from '../../runtime/src/session/app.ts';

/** A command line of a test without a terminal, and what it has printed so far. */
export interface SilentSession {
  readonly session: Session;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

const collecting = () => {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { stream, text: () => text };
};

/** A session that opens plan and stores by the given function. */
export const silentSession = (open: () => Promise<App>): SilentSession => {
  const [stdout, stderr] = [collecting(), collecting()];
  return {
    session: { stdout: stdout.stream, stderr: stderr.stream, stdin: new PassThrough(), open },
    stdout: stdout.text,
    stderr: stderr.text,
  };
};
