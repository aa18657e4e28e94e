import { createHash } from 'node:crypto';
import { putNewest } from '../../core/newest.ts';

/** Most answers that are kept. @default 4096 - a few for each person and target that is looked at within a minute */
const mostKept = 4096;

interface Kept<T> {
  readonly until: number;
  readonly answer: Promise<T>;
}

/** Of what was asked only a hash is kept: it may be a secret. */
const printOf = (question: unknown): string =>
  createHash('sha256').update(JSON.stringify(question)).digest('base64');

/** Remembers answers for a while; one that failed is asked for again. @param forMs how long an answer counts */
export const remembered = <Question, T>(
  ask: (question: Question) => Promise<T>,
  forMs: number,
): ((question: Question) => Promise<T>) => {
  const known = new Map<string, Kept<T>>();
  return (question) => {
    const [print, now] = [printOf(question), performance.now()];
    const before = known.get(print);
    if (before && before.until > now) return before.answer;
    const answer = ask(question);
    putNewest(known, print, { until: now + forMs, answer }, mostKept);
    answer.catch(() => known.delete(print));
    return answer;
  };
};
