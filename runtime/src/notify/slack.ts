import type { Level, SlackConfig } from './config.ts';
import { DeliveryError } from './delivery.ts';
import type { Notice } from './event.ts';
import { postJson } from './http.ts';
import { body, headline } from './message.ts';

const icons: Readonly<Record<Level, string>> = {
  success: ':white_check_mark:',
  warning: ':warning:',
  error: ':rotating_light:',
};

/**
 * `&`, `<` and `>` are Slack's markup: https://docs.slack.dev/messaging/formatting-message-text#escaping; three backticks
 * would end the block.
 */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('```', "'''");

/** A section holds 3,000 characters at most: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const longestText = 2_900;

const documentOf = (channel: string, notice: Notice) => {
  const title = `${icons[notice.level]} ${escaped(headline(notice))}`;
  const text = escaped(body(notice).slice(0, longestText / 2)).slice(0, longestText);
  const section = (content: string) => ({ type: 'section', text: { type: 'mrkdwn', text: content } });
  return { channel, text: title, blocks: [section(`*${title}*`), section(`\`\`\`${text}\`\`\``)] };
};

/** Errors that Slack gives for its own troubles: https://docs.slack.dev/reference/methods/chat.postMessage */
const transientErrors = [
  'ratelimited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
];

/** Posts through `chat.postMessage`, which answers 200 with `ok: false` for a refusal. */
export const sendSlack = async (
  { apiUrl, channel }: SlackConfig,
  token: string,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> => {
  const url = `${apiUrl.replace(/\/$/, '')}/chat.postMessage`;
  const headers = { authorization: `Bearer ${token}` };
  const response = await postJson(url, documentOf(channel, notice), headers, signal);
  const answer = (await response.json().catch(() => ({}))) as { ok?: unknown; error?: unknown };
  if (answer.ok === true) return;
  const code = /^[a-z_]{1,40}$/.exec(String(answer.error))?.[0] ?? 'no readable reason';
  throw new DeliveryError(`slack refused: ${code}`, transientErrors.includes(code));
};
