import { readFile } from 'node:fs/promises';
import type { Transporter } from 'nodemailer';
import type { EmailConfig } from './config.ts';
import { DeliveryError } from './delivery.ts';
import type { Notice } from './event.ts';
import { body, headline } from './message.ts';

interface SmtpFailure {
  readonly code?: string;
  /** Reply code of the server: 4xx passes, 5xx is final (RFC 5321 §4.2.1). */
  readonly responseCode?: number;
}

/** Codes of nodemailer for what lies below SMTP. */
const networkCodes = ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS', 'ECONNREFUSED', 'ECONNRESET'];

const asDeliveryError = (error: unknown): DeliveryError => {
  const { code = 'unknown', responseCode } = error as SmtpFailure;
  if (responseCode !== undefined)
    return new DeliveryError(`the server answered ${responseCode} (${code})`, responseCode < 500);
  return new DeliveryError(`no connection: ${code}`, networkCodes.includes(code));
};

const open = async (config: EmailConfig, password: string | undefined): Promise<Transporter> => {
  const { host, port, security, user, caFile } = config;
  const ca =
    caFile &&
    (await readFile(caFile).catch(() => {
      throw new DeliveryError(`CA file ${caFile} cannot be read`, false);
    }));
  const { createTransport } = await import('nodemailer'); // 61 files that most runs do without
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(ca && { tls: { ca } }),
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
  });
};

const statusHeader = 'X-Grill-Backup-Status';

/** Sends the notice as plain text. `password` only where the plan names a user. */
export const sendEmail = async (
  config: EmailConfig,
  password: string | undefined,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> => {
  const transport = await open(config, password);
  const { from, to } = config;
  try {
    await transport.sendMail({
      from,
      to,
      subject: headline(notice),
      text: `${body(notice)}\n`,
      headers: { [statusHeader]: notice.level },
      messageId: `<${notice.id}@grill-backup>`,
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
  } catch (error) {
    throw asDeliveryError(error);
  } finally {
    transport.close();
  }
};
