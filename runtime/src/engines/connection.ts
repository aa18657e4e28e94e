import { z } from 'zod';

/** A DNS name or IP address. */
export const host = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, { error: 'expected a host name or IP address' });

export const port = z.int().min(1).max(65_535);

/** Short enough to be part of the name of a volume. */
const longestNameCharacters = 50;

const objectName = (pattern: RegExp) =>
  z
    .string()
    .max(longestNameCharacters, { error: `expected at most ${longestNameCharacters} characters` })
    .regex(pattern, { error: 'expected the name of a Kubernetes object' });

/** May hold dots, as kube-root-ca.crt does. */
const configMapName = objectName(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
const secretName = objectName(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data; never a path. */
const dataKey = z
  .string()
  .max(253)
  .regex(/^[\w-][\w.-]*$/, { error: 'expected a key: letters, digits, dashes, underscores and dots' });

/** TLS of a connection, in one form for all engines; where it is absent, the connection has none. */
export const tls = z
  .strictObject({
    /** Where the CA of the server's certificate is, as PEM: one of `configMap` and `secret`. @default the CAs of the job image - public servers are signed by one of them */
    ca: z
      .strictObject({
        /** Name of a ConfigMap. @default none - then `secret` is required */
        configMap: configMapName.optional(),
        /** Name of a Secret. @default none - then `configMap` is required */
        secret: secretName.optional(),
        /** Its key. @default ca.crt - that of cert-manager and of Secrets of type kubernetes.io/tls */
        key: dataKey.default('ca.crt'),
      })
      .refine(({ configMap, secret }) => (configMap === undefined) !== (secret === undefined), {
        error: 'expected one of configMap and secret',
      })
      .optional(),
    /** Certificate and key that the job shows the server, as PEM. @default none - few servers ask for one */
    client: z
      .strictObject({
        /** Name of a Secret. */
        secret: secretName,
        /** Its key with the certificate. @default tls.crt - that of Secrets of type kubernetes.io/tls */
        certificate: dataKey.default('tls.crt'),
        /** Its key with the private key. @default tls.key - that of Secrets of type kubernetes.io/tls */
        key: dataKey.default('tls.key'),
      })
      .optional(),
    /** Name that the server's certificate has to hold. @default host - the name under which the server is reached */
    serverName: host.optional(),
    /** `full` checks CA and name, `ca` the CA alone, `none` nothing. @default full - nobody can pose as the server */
    verify: z.enum(['full', 'ca', 'none']).default('full'),
  })
  .refine(({ verify, serverName }) => verify === 'full' || serverName === undefined, {
    path: ['serverName'],
    error: 'expected none beside this `verify`, which looks at no name',
  });

export type TlsConfig = z.output<typeof tls>;
