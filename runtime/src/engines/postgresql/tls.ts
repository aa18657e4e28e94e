import { mustExist } from '../../core/must-exist.ts';
import type { Tls } from '../tls.ts';
import { sslModes } from './connection.ts';

/** Debian's bundle of CAs, where libpq before 16 has no `sslrootcert=system`. */
const systemCaFile = '/etc/ssl/certs/ca-certificates.crt';

/** Without verification no CA is named: libpq would check it under `require` as well. */
const rootCertificate = ({ verify, caFile }: Tls): Record<string, string> => {
  if (verify === 'none') return { PGSSLROOTCERT: '' };
  return { PGSSLROOTCERT: caFile ?? process.env.PGSSLROOTCERT ?? systemCaFile };
};

/** TLS as variables of libpq: https://www.postgresql.org/docs/current/libpq-envars.html */
export const libpqTls = (tls: Tls): Record<string, string> => ({
  PGSSLMODE: sslModes[tls.verify],
  ...rootCertificate(tls),
  ...(tls.client && { PGSSLCERT: tls.client.certificateFile, PGSSLKEY: tls.client.keyFile }),
  ...(tls.serverName !== undefined && {
    PGHOST: tls.serverName,
    PGHOSTADDR: mustExist(tls.address, 'address of the named server'),
  }),
});
