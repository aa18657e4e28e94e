import { headline } from './message.ts';
import { secondsOf, type Notice } from './event.ts';
import { postJson } from './http.ts';

/** Body of a webhook; docs/notifications.md describes each field. */
export const webhookDocument = (notice: Notice) => ({
  id: notice.id,
  status: notice.level,
  command: notice.command,
  service: notice.target ?? 'all',
  environment: notice.environment,
  title: headline(notice),
  message: notice.message,
  timestamp: notice.finishedAt,
  started_at: notice.startedAt,
  duration_seconds: secondsOf(notice),
  store: notice.store ?? null,
  archive: notice.archive ?? null,
  source_bytes: notice.sourceBytes ?? null,
  archive_bytes: notice.archiveBytes ?? null,
  warnings: notice.warnings,
  error: notice.error ?? null,
});

/** Posts the notice as JSON. `url` is a secret: most services keep their token in its path. */
export const sendWebhook = async (url: string, notice: Notice, signal: AbortSignal): Promise<void> => {
  const response = await postJson(url, webhookDocument(notice), {}, signal);
  await response.body?.cancel();
};
