import { chownSync, mkdirSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captureText } from './capture.ts';
import { removeFolder, unprivileged, workFolder } from './private-server.ts';

/** A certificate and its key as PEM files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

interface Wanted {
  /** As in openssl's subjectAltName: `DNS:db.test,IP:127.0.0.1`. */
  readonly names: string;
  /** @default 2 - below 0 it has expired */
  readonly days?: number;
  /** As in openssl's extendedKeyUsage. @default any */
  readonly usage?: 'clientAuth' | 'serverAuth';
  /** Name of the CA that signs. @default trusted */
  readonly ca?: string;
}

/** Certificates made by openssl, laid out as Secrets of type kubernetes.io/tls: `<folder>/<name>/{tls.crt,tls.key,ca.crt}`. */
export interface Certificates {
  readonly folder: string;
  /** PEM file of a CA. */
  readonly caFile: (ca: string) => string;
  readonly issue: (name: string, wanted: Wanted) => Promise<Pair>;
  readonly dispose: () => Promise<void>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...args: readonly string[]): Promise<string> => captureText('openssl', args);

const madeIn = (folder: string, name: string): Pair => {
  mkdirSync(join(folder, name));
  return { certificate: join(folder, name, 'tls.crt'), key: join(folder, name, 'tls.key') };
};

/** Servers run as another user, and want their keys closed to all others. */
const give = (...files: readonly string[]): void => {
  const { uid, gid } = unprivileged as { uid?: number; gid?: number };
  if (uid !== undefined) for (const file of files) chownSync(file, uid, gid!);
};

const makeCa = async (folder: string, name: string): Promise<void> => {
  const { certificate, key } = madeIn(folder, name);
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    key,
    '-out',
    certificate,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
  );
  await copyFile(certificate, join(folder, name, 'ca.crt'));
};

const issueIn =
  (folder: string) =>
  async (name: string, { names, days = 2, ca = 'trusted', usage }: Wanted): Promise<Pair> => {
    const pair = madeIn(folder, name);
    const request = join(folder, name, 'request');
    const extensions = join(folder, name, 'extensions');
    await writeFile(extensions, `subjectAltName=${names}\n${usage ? `extendedKeyUsage=${usage}\n` : ''}`);
    await openssl('req', ...newKey, '-keyout', pair.key, '-out', request, '-subj', `/CN=${name}`);
    const by = ['-CA', join(folder, ca, 'tls.crt'), '-CAkey', join(folder, ca, 'tls.key'), '-CAcreateserial'];
    await openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...by,
      '-days',
      `${days}`,
      '-extfile',
      extensions,
      '-out',
      pair.certificate,
    );
    give(pair.certificate, pair.key);
    return pair;
  };

/** Two CAs, `trusted` and `other`, and what they issue. */
export const makeCertificates = async (): Promise<Certificates> => {
  const folder = workFolder('certificates');
  for (const ca of ['trusted', 'other']) await makeCa(folder, ca);
  return {
    folder,
    caFile: (ca) => join(folder, ca, 'ca.crt'),
    issue: issueIn(folder),
    dispose: () => removeFolder(folder),
  };
};
