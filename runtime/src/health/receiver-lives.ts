import { isOfObject } from '../archives/catalogue.ts';
import { messageOf } from '../core/errors.ts';
import type { Target } from '../plan/schema.ts';
import { appendAudit, type AuditEvent } from '../runs/audit.ts';
import { engineOf, type App } from '../session/app.ts';
import { placeOf, type LogPlace } from '../wal/place.ts';
import { listReceptions, markNoted, readReception, type Reception } from '../wal/receptions.ts';

/** A life of a receiver that is over. */
interface Life {
  readonly key: string;
  readonly facts: Reception;
  /** When it ended, or when the next one began where it did not say. */
  readonly endedAt: string;
}

/** What a receiver says that was told to stop; anything else is a failure. */
const stopped = /^stopped: /;

const failureOf = (ended: string): string => /^([a-z]+\.[a-z]+): /.exec(ended)?.[1] ?? 'unexpected';

/** The entry of a life. It names the record and its signature, which tell the rest. */
const eventOf = ({ key, facts, endedAt }: Life): AuditEvent => {
  const { host, target, environment, startedAt, ended, pieces, logBytes, storedBytes, mac } = facts;
  const ok = ended !== undefined && stopped.test(ended);
  return {
    at: endedAt,
    host,
    command: 'receive',
    target,
    ok,
    environment,
    figures: {
      startedAt,
      pieces,
      logBytes,
      storedBytes,
      record: key,
      signature: mac,
      ...(ended === undefined && { endUnknown: true }),
    },
    ...(ended !== undefined && !ok && { failure: failureOf(ended) }),
  };
};

/** Undefined for one that was altered, which `check` names. */
const read = (place: LogPlace, key: string): Promise<Reception | undefined> =>
  readReception(place, key).catch((error: unknown) => {
    if (!isOfObject(error)) throw error;
    return undefined;
  });

/** Lives that are over and not in the trail, oldest first; all before one that is there are there. */
const unnoted = async (place: LogPlace): Promise<readonly Life[]> => {
  const lives: Life[] = [];
  let next: string | undefined;
  for (const key of (await listReceptions(place)).toReversed()) {
    const facts = await read(place, key);
    if (!facts) continue;
    if (facts.noted) break;
    const endedAt = facts.endedAt ?? next;
    if (endedAt !== undefined) lives.unshift({ key, facts, endedAt });
    next = facts.startedAt;
  }
  return lives;
};

/**
 * Writes into the audit trail what receivers of a target wrote down of themselves: a receiver has no volume, so that it may not
 * reach the trail. A run that was killed between entry and mark leaves the entry twice.
 * What cannot be written is only logged.
 */
export const noteLives = async (app: App, target: Target): Promise<void> => {
  if (!engineOf(target).log) return;
  const place = placeOf(app, target.name);
  try {
    for (const life of await unnoted(place)) {
      await appendAudit(app.stores.primary, app.keys, eventOf(life));
      await markNoted(place, life.key, life.facts);
    }
  } catch (error) {
    if (app.run.signal.aborted) throw error;
    app.run.log.error(
      { target: target.name, problem: messageOf(error) },
      'the lives of the receiver could not be written into the audit trail',
    );
  }
};
