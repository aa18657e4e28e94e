import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { captureText } from './capture.ts';

/** Key and certificate of a server on loopback; the certificate lies in `ca.crt`, where an account's folder has it. */
export const selfSigned = async (folder: string): Promise<{ key: string; cert: string }> => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'ca.crt')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await captureText('openssl', [...request, ...names, '-keyout', key, '-out', cert]);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
};
