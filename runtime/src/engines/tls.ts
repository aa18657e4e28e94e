import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { RunContext } from '../core/context.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import type { TlsConfig } from './connection.ts';

/** TLS of a connection with its certificates as PEM files. They are read anew for each one, as a rotation replaces them. */
export interface Tls extends Pick<TlsConfig, 'verify' | 'serverName'> {
  /** IP address of the server, where `serverName` is not its host: libpq takes both together only. */
  readonly address?: string;
  readonly caFile?: string;
  readonly client?: { readonly certificateFile: string; readonly keyFile: string };
}

const addressOf = async (host: string): Promise<string> => {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new BackupError('source.unreachable', `${host}: ${messageOf(error)}`, { cause: error });
  }
};

/** TLS of a connection to `host`, with the files of its mounted certificates. @throws BackupError source.unreachable */
export const openTls = async (
  { fileOf }: Pick<RunContext, 'fileOf'>,
  { ca, client, verify, serverName }: TlsConfig,
  host: string,
): Promise<Tls> => {
  return {
    verify,
    ...(serverName !== undefined && { serverName, address: await addressOf(host) }),
    ...(ca?.configMap !== undefined && { caFile: fileOf('configMaps', ca.configMap, ca.key) }),
    ...(ca?.secret !== undefined && { caFile: fileOf('secrets', ca.secret, ca.key) }),
    ...(client && {
      client: {
        certificateFile: fileOf('secrets', client.secret, client.certificate),
        keyFile: fileOf('secrets', client.secret, client.key),
      },
    }),
  };
};

const pem = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new BackupError('secret.missing', `certificate file ${file} cannot be read: ${error.code}`);
  });

/** Certificate and key of this side. @throws BackupError secret.missing */
export const clientPair = async ({ client }: Tls): Promise<{ cert?: string; key?: string }> =>
  client ? { cert: await pem(client.certificateFile), key: await pem(client.keyFile) } : {};

/** Options of node:tls for a connection to `host`. @throws BackupError secret.missing */
export const tlsOptions = async (config: Tls, host: string): Promise<ConnectionOptions> => {
  const { caFile, verify, serverName = host } = config;
  const { checkServerIdentity } = await import('node:tls');
  return {
    ...(await clientPair(config)),
    ...(caFile !== undefined && { ca: await pem(caFile) }),
    ...(!isIP(serverName) && { servername: serverName }), // SNI knows names only (RFC 6066, section 3)
    rejectUnauthorized: verify !== 'none',
    checkServerIdentity: (_, certificate) =>
      verify === 'full' ? checkServerIdentity(serverName, certificate) : undefined,
  };
};

const unknownCa = 'is signed by an unknown CA; name that CA in connection.tls.ca';

/** By the code of Node's error: X509_V_ERR_* of OpenSSL without their prefix, alerts of RFC 8446, section 6. */
const problems: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: `the server's certificate ${unknownCa}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: `the server's certificate ${unknownCa}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the server's certificate ${unknownCa}`,
  UNABLE_TO_GET_ISSUER_CERT: `the server's certificate ${unknownCa}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `the server's certificate ${unknownCa}`,
  CERT_SIGNATURE_FAILURE: `the server's certificate ${unknownCa}`,
  CERT_HAS_EXPIRED: "the server's certificate, or its CA, has expired; renew it",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet; compare the clocks",
  INVALID_PURPOSE: "the server's certificate is not a server certificate",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the server asks for a client certificate; name one in connection.tls.client',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the server refused the handshake; it may ask for a client certificate, connection.tls.client',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'the server does not know the CA of the client certificate in connection.tls.client',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE:
    'the server does not accept the client certificate in connection.tls.client',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    'the client certificate in connection.tls.client has expired; renew it',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the server does not speak TLS on this port; remove connection.tls, or name its TLS port',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'certificate and key in connection.tls.client do not belong together',
};

/** A handshake that fails while Node writes has code EPROTO, and OpenSSL's reason in its text. */
const codeOf = (error: unknown): string => {
  const { code = '' } = (error ?? {}) as { code?: string };
  const reason = code === 'EPROTO' && /SSL routines:[^:]*:([^:]+):/.exec(messageOf(error))?.[1];
  return reason ? `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}` : code;
};

/** What is wrong with the TLS of a connection, by the error with which it ended; undefined where that is something else. */
export const tlsProblem = (error: unknown): string | undefined => {
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the server's certificate is for another name; set connection.tls.serverName to one of its names: ${messageOf(error)}`;
  if (problems[code]) return `${problems[code]} (${code})`;
  return /^(ERR_OSSL_|ERR_SSL_|ERR_TLS_)/.test(code)
    ? `TLS failed: ${messageOf(error)} (${code})`
    : undefined;
};

/** Opens a connection; it can be used once `ready` was emitted. @throws BackupError secret.missing */
export const openSocket = async (
  { host, port }: { readonly host: string; readonly port: number },
  config: Tls | undefined,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket; readonly ready: 'connect' | 'secureConnect' }> => {
  if (!config) return { socket: connect({ host, port, signal }), ready: 'connect' };
  const options = await tlsOptions(config, host);
  const { connect: connectSecurely } = await import('node:tls');
  return {
    socket: connectSecurely({ host, port, ...options, signal } as ConnectionOptions),
    ready: 'secureConnect',
  };
};
