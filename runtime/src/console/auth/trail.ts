import { hostname } from 'node:os';
import { allTargets } from '../../contract/names.ts';
import { messageOf, type FailureCode } from '../../core/errors.ts';
import { printableItem } from '../../core/printable.ts';
import { appendAudit } from '../../runs/audit.ts';
import type { Figures } from '../../runs/records.ts';
import type { App } from '../../session/app.ts';

/** What somebody was refused. */
export interface Refusal {
  /** Absent where nobody knows who it was. */
  readonly who?: string | undefined;
  /** Such as `GET /api/v1/plan`. */
  readonly what: string;
  readonly code: FailureCode;
}

/** What somebody did. */
export interface Deed {
  readonly who: string;
  /** Such as `backup`. */
  readonly what: string;
  /** @default all targets */
  readonly target?: string | undefined;
  readonly figures: Figures;
}

export interface Trail {
  readonly refused: (refusal: Refusal) => void;
  readonly done: (deed: Deed) => Promise<void>;
  /** Writes what was counted since. */
  readonly flush: () => Promise<void>;
}

/** Refusals of one kind are counted, and an entry says how many: a trail that nobody can shorten must not be anybody's to lengthen. @default 60 s */
export const countedMs = 60_000;

/** Kinds that are counted apart; beyond them who it was is left out. */
const mostKinds = 20;

const mostLength = 200;

const short = (text: string): string => printableItem(text).slice(0, mostLength);

const kindOf = ({ who = 'unknown', what, code }: Refusal): string =>
  JSON.stringify([short(who), who === 'unknown' ? '' : short(what), code]);

/** Keeps what people did, and what they were refused, in the audit trail. What cannot be written down is logged. */
export const openTrail = (app: App): Trail => {
  const { plan, keys, stores, run } = app;
  const counted = new Map<string, number>();
  let written: Promise<void> = Promise.resolve();

  const append = (target: string, figures: Figures, failure?: FailureCode): Promise<void> => {
    const event = {
      at: run.now().toISOString(),
      host: hostname(),
      command: 'console',
      target,
      environment: plan.environment,
      ok: failure === undefined,
      ...(failure && { failure }),
      figures,
    };
    written = written
      .then(() => appendAudit(stores.primary, keys, event))
      .catch((error: unknown) =>
        run.log.error({ problem: messageOf(error), ...figures }, 'the audit trail could not be written'),
      );
    return written;
  };
  return {
    refused: (refusal) => {
      const kind = kindOf(refusal);
      const isNew = !counted.has(kind) && counted.size >= mostKinds;
      const counts = isNew ? kindOf({ what: '', code: refusal.code }) : kind;
      counted.set(counts, (counted.get(counts) ?? 0) + 1);
    },
    done: ({ who, what, target = allTargets, figures }) =>
      append(target, { who: short(who), what, ...figures }),
    flush: async () => {
      const all = [...counted];
      counted.clear();
      for (const [kind, times] of all) {
        const [who, what, code] = JSON.parse(kind) as [string, string, FailureCode];
        await append(allTargets, { who, ...(what && { what }), times }, code);
      }
      await written;
    },
  };
};
