/** Name of a bucket or database that is being restored, before it is in place. */
export const restoredName = (name: string, suffix: string): string => `${name}_restore_${suffix}`;

/** Name of one that was replaced. */
export const keptName = (name: string, suffix: string): string => `${name}_before_${suffix}`;

/** Name of one that an undo has put aside. */
export const undoneName = (name: string, suffix: string): string => `${name}_undone_${suffix}`;

/** What a restore named so, and what for; undefined of any other name. */
export const leftoverOf = (
  name: string,
): { readonly of: string; readonly kind: 'unfinished' | 'kept' } | undefined => {
  const [, of, ending] = /^(.+)_(restore|before|undone)_\d{8}_\d{6}$/s.exec(name) ?? [];
  return of === undefined ? undefined : { of, kind: ending === 'restore' ? 'unfinished' : 'kept' };
};
