import type { Client } from 'pg';
import { BackupError } from '../../core/errors.ts';

/** What node-postgres does with the answers of a server; not in its types, the same since version 8.0. */
interface Handlers {
  _handleAuthCleartextPassword: (message: unknown) => void;
  _handleAuthSASL: (message: { readonly mechanisms: readonly string[] }) => void;
  readonly connection: NodeJS.EventEmitter & { readonly stream: NodeJS.EventEmitter };
}

/** Of a connection that is being made: what the server offers and says. */
export interface Offer {
  /** The server offers SCRAM bound to its certificate (RFC 5802, RFC 5929). */
  readonly bindsChannel: () => boolean;
  /** What a server or pooler said instead of whether it speaks TLS; undefined where it said nothing. */
  readonly refusal: () => string | undefined;
}

/** Field M of an ErrorResponse: 'E', four bytes of length, then fields of a letter and text with a zero byte. */
const messageIn = (bytes: Buffer): string | undefined =>
  bytes[0] === 0x45
    ? bytes
        .toString('utf8', 5)
        .split('\0')
        .find((field) => field.startsWith('M'))
        ?.slice(1)
    : undefined;

/**
 * Keeps the password from a server that asks for it in clear text, unless that is `allowed`. Call it before `connect`.
 * A server that checks passwords by SCRAM or MD5 never sees them.
 */
export const guardPassword = (client: Client, allowed: boolean): Offer => {
  const inner = client as unknown as Handlers;
  let mechanisms: readonly string[] = [];
  let refusal: string | undefined;
  const scram = inner._handleAuthSASL.bind(client);
  inner._handleAuthSASL = (message) => {
    ({ mechanisms } = message);
    scram(message);
  };
  if (!allowed)
    inner._handleAuthCleartextPassword = () => {
      inner.connection.emit(
        'error',
        new BackupError(
          'source.refused',
          'the server asks for the password in clear text, but its identity was not verified; ' +
            'use scram-sha-256 there, sslMode verify-full, or connection.clearTextPassword: true',
        ),
      );
    };
  inner.connection.stream.once('data', (bytes: Buffer) => (refusal = messageIn(bytes)));
  return { bindsChannel: () => mechanisms.includes('SCRAM-SHA-256-PLUS'), refusal: () => refusal };
};
