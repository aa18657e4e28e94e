import { latestOf, secondsTaken, unixSeconds } from '../../core/times.ts';
import { totalsOf } from '../../health/anomaly/counts.ts';
import { tiers, type Tier } from '../../archives/layout.ts';
import { parseDuration } from '../../core/units.ts';
import { nextRun } from '../../plan/cron.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import {
  isRegular,
  isVerified,
  newestOf,
  sizeRatio,
  verifiedAt,
  type ManifestFacts,
} from '../../archives/facts.ts';
import { anomaliesOf } from '../../health/warnings.ts';
import type { KnownArchive } from '../../health/archive-reader.ts';
import { sample, type Sample } from '../../metrics/sample.ts';
import type { TargetState } from '../../health/target-state.ts';

const objectives = ({ name: target, engine, rpo, rto, schedule }: Target, at: Date): readonly Sample[] => [
  ...sample('targetInfo', { target, engine }, 1),
  ...sample('rpo', { target }, parseDuration(rpo)),
  ...sample('rto', { target }, parseDuration(rto)),
  ...sample('nextRun', { target }, unixSeconds(nextRun(schedule, at)?.toISOString())),
];

const newest = (target: string, { key: archive, manifest: facts }: KnownArchive): readonly Sample[] => {
  const { startedAt, finishedAt, sourceBytes, archiveBytes, encryption, server } = facts;
  const labels = { target, archive, key_id: encryption?.keyId ?? 'none', server_version: server.version };
  return [
    ...sample('newestInfo', labels, 1),
    ...sample('lastSuccess', { target }, unixSeconds(finishedAt)),
    ...sample('recoveryPoint', { target }, unixSeconds(startedAt)),
    ...sample('duration', { target }, secondsTaken(facts)),
    ...sample('sourceBytes', { target }, sourceBytes),
    ...sample('archiveBytes', { target }, archiveBytes),
    ...Object.entries(totalsOf(facts)).flatMap(([kind, count]) => sample('items', { target, kind }, count)),
  ];
};

const ofTier = (target: string, tier: Tier, all: readonly ManifestFacts[]): readonly Sample[] => {
  const facts = all.filter((each) => each.tier === tier);
  const bytes = facts.reduce((sum, { archiveBytes }) => sum + archiveBytes, 0);
  return [
    ...sample('archives', { target, tier }, facts.length),
    ...sample('tierBytes', { target, tier }, bytes),
    ...sample('tierNewest', { target, tier }, unixSeconds(facts.at(-1)?.startedAt)),
    ...sample('tierOldest', { target, tier }, unixSeconds(facts[0]?.startedAt)),
  ];
};

const verified = (target: string, regular: readonly ManifestFacts[]): readonly Sample[] => {
  const good = regular.filter(isVerified);
  const times = good.map(verifiedAt).filter((time) => time !== undefined);
  return [
    ...sample('lastVerified', { target }, unixSeconds(latestOf(times))),
    ...sample('verifiedPoint', { target }, unixSeconds(good.at(-1)?.startedAt)),
  ];
};

/** Metrics of a target's objectives and archives. */
export const archiveSamples = (app: App, state: TargetState, at: Date): readonly Sample[] => {
  const { name: target } = state.target;
  const all = state.archives.map(({ manifest }) => manifest);
  const last = newestOf(state.archives);
  return [
    ...objectives(state.target, at),
    ...(last ? newest(target, last) : []),
    ...sample('sizeRatio', { target }, sizeRatio(all)),
    ...sample('anomalies', { target }, anomaliesOf(app, state.target, all).length),
    ...tiers.flatMap((tier) => ofTier(target, tier, all)),
    ...sample('withoutKey', { target }, state.withoutKey),
    ...sample('broken', { target }, state.broken),
    ...verified(target, all.filter(isRegular)),
  ];
};
