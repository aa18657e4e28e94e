import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { captureText } from './capture.ts';
import { removeFolder } from './private-server.ts';

/** A mail as the server took it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: unknown;
  /** True: it came over TLS. */
  readonly secure: boolean;
  /** Headers and body. */
  readonly text: string;
}

export interface TestMailServer {
  readonly host: string;
  readonly port: number;
  /** PEM file of the server's own certificate. */
  readonly caFile: string;
  readonly mails: readonly ReceivedMail[];
  readonly stop: () => Promise<void>;
}

/** Starts an SMTP server on loopback with a certificate for `localhost`, and a user where a password is given. */
export const startMailServer = async (
  options: SMTPServerOptions = {},
  login?: { readonly user: string; readonly password: string },
): Promise<TestMailServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'grill-mail-'));
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await captureText('openssl', [...request, ...names, '-keyout', keyFile, '-out', caFile]);
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    key: readFileSync(keyFile),
    cert: readFileSync(caFile),
    authOptional: !login,
    onAuth: ({ username, password }, _session, done) => {
      if (login && username === login.user && password === login.password) done(null, { user: username });
      else done(new Error('who are you?'));
    },
    onData: (stream, session, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          user: session.user,
          secure: session.secure,
          text,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {}); // a client that does not like the certificate
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  return {
    host: 'localhost',
    port,
    caFile,
    mails,
    stop: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await removeFolder(folder);
    },
  };
};
