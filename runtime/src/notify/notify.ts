import { secrets } from '../contract/secrets.ts';
import type { RunContext } from '../core/context.ts';
import { isBackupError } from '../core/errors.ts';
import { withoutReturn } from '../core/secret-files.ts';
import { channelsOf, type Channels, type Level, type NotificationsConfig } from './config.ts';
import { deliver, DeliveryError, deliveryPolicy, type DeliveryPolicy } from './delivery.ts';
import { sendEmail } from './email.ts';
import { levelOf, type Event, type Notice } from './event.ts';
import { sendSlack } from './slack.ts';
import { sendWebhook } from './webhook.ts';

/** The part of an app that notifications need. */
export interface Notifier {
  readonly run: RunContext;
  readonly plan: { readonly environment: string; readonly notifications: NotificationsConfig };
}

/** What became of an event on one channel. */
export interface Outcome {
  readonly channel: keyof Channels;
  readonly ok: boolean;
  readonly problem?: string;
}

interface Channel {
  readonly name: keyof Channels;
  readonly levels: readonly Level[];
  readonly send: (notice: Notice, signal: AbortSignal) => Promise<void>;
}

const { name: secretName, keys } = secrets.notification;

const openChannels = ({ run, plan }: Notifier): readonly Channel[] => {
  const { webhook, slack, email } = channelsOf(plan.notifications);
  const secret = (key: string): Promise<string> => run.readSecret(secretName, key).then(withoutReturn);
  const channels: (Channel | undefined)[] = [
    webhook && {
      name: 'webhook',
      levels: webhook.levels,
      send: async (notice, signal) => sendWebhook(await secret(keys.webhookUrl), notice, signal),
    },
    slack && {
      name: 'slack',
      levels: slack.levels,
      send: async (notice, signal) => sendSlack(slack, await secret(keys.slackToken), notice, signal),
    },
    email && {
      name: 'email',
      levels: email.levels,
      send: async (notice, signal) =>
        sendEmail(email, email.user && (await secret(keys.emailPassword)), notice, signal),
    },
  ];
  return channels.filter((channel) => channel !== undefined);
};

/** Only our own messages: those of libraries may quote a secret. */
const problemOf = (error: unknown): string =>
  error instanceof DeliveryError || isBackupError(error) ? error.message : 'unexpected failure';

const sendOn = async (
  { log, signal }: RunContext,
  { name: channel, send }: Channel,
  notice: Notice,
  policy: DeliveryPolicy,
): Promise<Outcome> => {
  try {
    const tries = await deliver((timeout) => send(notice, timeout), policy, signal);
    log.info({ channel, tries }, 'notification sent');
    return { channel, ok: true };
  } catch (error) {
    const problem = problemOf(error);
    log.warn({ channel, problem }, 'notification failed');
    return { channel, ok: false, problem };
  }
};

/**
 * Tells an event on every channel whose levels want it, all at once. Never throws and takes 33 s at most: a run does not
 * fail because nobody could be told. Also works after the run was aborted, with one try per channel.
 * @returns one outcome per channel that was to be told
 */
export const notify = async (
  notifier: Notifier,
  event: Event,
  policy: DeliveryPolicy = deliveryPolicy,
): Promise<readonly Outcome[]> => {
  const { run, plan } = notifier;
  const level = levelOf(event);
  const notice: Notice = {
    ...event,
    level,
    id: run.randomBytes(16).toString('hex'),
    environment: plan.environment,
    warnings: event.warnings ?? [],
  };
  const wanted = openChannels(notifier).filter(({ levels }) => levels.includes(level));
  return Promise.all(wanted.map((channel) => sendOn(run, channel, notice, policy)));
};
