import { accountOf } from '../aws/account.ts';
import type { Environment } from '../environment/environment.ts';

/**
 * Former logical names by the present ones, so that Pulumi finds what older versions made rather than making it anew and
 * removing the old. An entry may go when no stack was last updated by such a version. The table is in docs/how-to/deploying.md.
 */
export const formerNames = (environment: Environment): Readonly<Record<string, readonly string[]>> => {
  const {
    namespace: { name: namespace },
    targets,
  } = environment;
  const bucket = accountOf(environment)?.archives.bucket;
  return {
    // 0.1.0 named the bucket and its settings after the bucket
    ...(bucket && { archives: [bucket] }),
    // 0.1.0 named the policies to databases by the other end
    ...Object.fromEntries(
      targets.map(({ name }) => [
        `${namespace}/${name}-backup-to-database`,
        [`${namespace}/backup-to-${name}`],
      ]),
    ),
  };
};
