import { BackupError } from '../../core/errors.ts';
import { putNewest } from '../../core/newest.ts';

/** Requests that come back, a second, and how many may come at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Of somebody who is known. @default 20 a second after 200 at once - a person reads, a script pages through archives */
export const ofCaller: Rate = { perSecond: 20, burst: 200 };

/** Of an address, for what fails to say who it is. @default one in two seconds after 30 at once - nobody guesses a token so */
export const ofStranger: Rate = { perSecond: 0.5, burst: 30 };

/** Names that are remembered: those that were quiet longest go first. */
const mostNames = 10_000;

interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** Takes one request of a name's share. */
export interface Limit {
  /** @throws BackupError `access.limited` */
  readonly take: (name: string) => void;
  /** Throws as `take` would, and takes nothing. */
  readonly check: (name: string) => void;
}

/** A share of requests for each name, which fills again with time. @param now in ms, never set back */
export const limitOf = ({ perSecond, burst }: Rate, now = () => performance.now()): Limit => {
  const buckets = new Map<string, Bucket>();
  const leftOf = (name: string): number => {
    const { left, at } = buckets.get(name) ?? { left: burst, at: now() };
    return Math.min(burst, left + ((now() - at) / 1000) * perSecond);
  };
  const check = (name: string): number => {
    const left = leftOf(name);
    if (left >= 1) return left;
    const seconds = Math.ceil((1 - left) / perSecond);
    throw new BackupError('access.limited', `too many requests: the next one is answered in ${seconds} s`);
  };
  return {
    check: (name) => void check(name),
    take: (name) => {
      const left = check(name) - 1;
      putNewest(buckets, name, { left, at: now() }, mostNames);
    },
  };
};
