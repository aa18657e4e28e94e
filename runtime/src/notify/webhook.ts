import { secondsTaken } from '../core/times.ts';
import { hintOf, numberOf, textOf, type Notice } from './event.ts';
import { postJson } from './http.ts';
import { headline, sentence } from './message.ts';

/** Body of a webhook; docs/how-to/notifications.md describes each field. */
export const webhookDocument = (notice: Notice) => ({
  id: notice.id,
  status: notice.level,
  environment: notice.environment,
  service: notice.target,
  command: notice.command,
  title: headline(notice),
  message: sentence(notice),
  timestamp: notice.finishedAt,
  started_at: notice.startedAt,
  duration_seconds: secondsTaken(notice),
  archive: textOf(notice, 'archive') ?? null,
  source_bytes: numberOf(notice, 'sourceBytes') ?? null,
  archive_bytes: numberOf(notice, 'archiveBytes') ?? null,
  figures: notice.figures,
  warnings: notice.warnings,
  error: notice.failure ? { ...notice.failure, hint: hintOf(notice) ?? null } : null,
});

/** Posts the notice as JSON. `url` is a secret: most services keep their token in its path. */
export const sendWebhook = async (url: string, notice: Notice, signal: AbortSignal): Promise<void> => {
  const response = await postJson(url, webhookDocument(notice), {}, signal);
  await response.body?.cancel();
};
