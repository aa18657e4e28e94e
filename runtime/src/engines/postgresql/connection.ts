import { z } from 'zod';
import { host, port, tls } from '../connection.ts';

/** Address of the server; also an IPv6 address that begins with a colon, and the folder of a socket. */
const server = z.union([host, z.string().regex(/^(\/[\w.@/-]*|::[A-Fa-f0-9:.]*)$/)], {
  error: 'expected a host name or IP address',
});

/** libpq's word for each way to verify a server. */
export const sslModes = { full: 'verify-full', ca: 'verify-ca', none: 'require' } as const;

export const postgresqlConnection = z
  .strictObject({
    /** Address of the server; also an IPv6 address that begins with a colon, and the folder of a socket. */
    host: server,
    /** Port of the server. @default 5432 - the registered port */
    port: port.default(5432),
    /** Database that is backed up; the roles of the server come along. */
    database: z.string().min(1).max(63),
    /** TLS with certificates, instead of `sslMode`. @default none - sslMode alone says how */
    tls: tls.optional(),
    /** `sslmode` of libpq. @default prefer - libpq's own default */
    sslMode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).default('prefer'),
    /**
     * Hands the password in clear text to a server whose certificate was not verified, if it asks so (LDAP, PAM).
     * @default false - the account may read everything
     */
    clearTextPassword: z.boolean().optional(),
    /**
     * Who counts the rows of a dump, and hashes them: `stream`, while it passes, or `server`, by queries beside it that read every
     * table once more.
     * @default stream - costs the server nothing
     */
    count: z.enum(['stream', 'server']).optional(),
    /**
     * Also compares the content of tables and large objects, by a hash that does not depend on the order of rows. A restore prints
     * what it restored once more for it.
     * @default false - counting rows costs less
     */
    contentHash: z.boolean().optional(),
  })
  .refine(({ tls: given, sslMode }) => !given || ['prefer', sslModes[given.verify]].includes(sslMode), {
    path: ['sslMode'],
    error: 'expected none beside tls, whose `verify` says it',
  });

export type PostgresqlConnection = z.output<typeof postgresqlConnection>;
