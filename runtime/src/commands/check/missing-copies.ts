import { factsOf } from '../../archives/facts.ts';
import type { Found, Place } from './finding.ts';
import { copyArchive, notCopied, sentTo } from '../../archives/replicate.ts';

/** Archives that a replica lacks: their copy failed or was stopped, and the next backup, or a repair, catches up. */
export const missingCopies = ({ app, here, all }: Place): readonly Found[] => {
  const [primary] = all;
  if (!primary || here === primary) return [];
  const sent = sentTo(here.archives.map(({ key, manifest }) => ({ key, manifest: factsOf(manifest) })));
  const broken = new Set(here.broken.map(({ key }) => key));
  return notCopied(app, primary.archives, here.archives)
    .filter(({ key }) => primary.files.has(key) && !broken.has(key))
    .map((archive) => ({
      kind: 'copy-missing',
      key: archive.key,
      message: `not copied from ${primary.store.location} yet`,
      severity: 'notice',
      repair: async () => {
        await copyArchive(app, archive, here.store, sent);
        return `copied from ${primary.store.location}`;
      },
    }));
};
