import { z } from 'zod';
import { secrets } from '../contract/secrets.ts';

/** How bad a run ended: `warning` is a run that succeeded but that somebody should look at. */
export const levels = ['success', 'warning', 'error'] as const;

export type Level = (typeof levels)[number];

const levelsOr = (chosen: readonly Level[]) =>
  z
    .array(z.enum(levels))
    .min(1)
    .default([...chosen]);

const port = z.int().min(1).max(65_535);

const webhook = z.strictObject({
  /** Outcomes that are sent. @default success, warning, error - a machine reads them, and silence is a sign as well */
  levels: levelsOr(levels),
});

const slack = z.strictObject({
  /** Name or id of a channel that the token's bot was invited to: `#backups`, `C0123456789`. */
  channel: z.string().min(1),
  /** Outcomes that are sent. @default warning, error - a person reads them */
  levels: levelsOr(['warning', 'error']),
  /** Slack's Web API, or a proxy before it. @default https://slack.com/api - Slack's own */
  apiUrl: z.url({ protocol: /^https?$/ }).default('https://slack.com/api'),
});

const email = z
  .strictObject({
    /** Mail server. */
    host: z.string().min(1),
    /** Its port. @default 587 - mail submission, RFC 6409 */
    port: port.default(587),
    /** `starttls` never falls back to plain text; `tls` is for port 465; `none` is allowed only without a user. @default starttls - goes with port 587 */
    security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
    /** Address of the sender. */
    from: z.string().min(3),
    /** Addresses of the recipients. */
    to: z.array(z.string().min(3)).min(1),
    /** User to log in as; the password is key `email-password` of Secret `backup-notification-secret`. @default no login - relays inside a cluster know their senders by address */
    user: z.string().min(1).optional(),
    /** PEM file with the CA of the mail server. @default the system's CAs - public servers are signed by one of them */
    caFile: z.string().min(1).optional(),
    /** Outcomes that are sent. @default warning, error - a person reads them */
    levels: levelsOr(['warning', 'error']),
  })
  .refine(({ user, security }) => user === undefined || security !== 'none', {
    path: ['security'],
    error: 'expected starttls or tls, as a password must not cross the network unencrypted',
  });

/** Messages about the outcome of runs: docs/how-to/notifications.md. */
export const notificationsConfig = z.strictObject({
  /** Sends notifications. @default false - it takes a Secret that not everybody has */
  enabled: z.boolean().default(false),
  /** A webhook; its URL is key `webhook-url` of Secret `backup-notification-secret`. @default on where no other channel is named - it needs nothing but a URL */
  webhook: webhook.optional(),
  /** A channel of Slack; the token is key `slack-token` of the Secret. @default none - it takes a bot of the workspace */
  slack: slack.optional(),
  /** E-mail. @default none - it takes a mail server */
  email: email.optional(),
});

export type NotificationsConfig = z.output<typeof notificationsConfig>;
export type SlackConfig = z.output<typeof slack>;
export type EmailConfig = z.output<typeof email>;
export type Channels = Pick<NotificationsConfig, 'webhook' | 'slack' | 'email'>;

/** Channels that are in use; none where notifications are off. */
export const channelsOf = ({ enabled, webhook: hook, slack, email }: NotificationsConfig): Channels => {
  if (!enabled) return {};
  const alone = !slack && !email;
  return { webhook: hook ?? (alone ? webhook.parse({}) : undefined), slack, email };
};

/** 443, unless the URL names another. */
const portOf = (url: string): number => {
  const { port: explicit, protocol } = new URL(url);
  return Number(explicit) || (protocol === 'http:' ? 80 : 443);
};

/** TCP ports of the channels in use, for NetworkPolicies. A webhook's URL is secret, so it is taken to be on 443. */
export const portsOf = (config: NotificationsConfig): readonly number[] => {
  const { webhook, slack, email } = channelsOf(config);
  const ports = [webhook && 443, slack && portOf(slack.apiUrl), email?.port];
  return [...new Set(ports.filter((number) => number !== undefined))].sort((a, b) => a - b);
};

/** Keys of Secret backup-notification-secret that the channels in use read. */
export const secretKeysOf = (config: NotificationsConfig): readonly string[] => {
  const { webhook, slack, email } = channelsOf(config);
  const { webhookUrl, slackToken, emailPassword } = secrets.notification.keys;
  return [webhook && webhookUrl, slack && slackToken, email?.user && emailPassword].filter(
    (key) => key !== undefined,
  );
};
