import { isDeepStrictEqual } from 'node:util';
import { grades, type Grade, type Graded, type Identity, type Value } from './change.ts';

/** The same change in several places: seven pods get an image at once, fifteen alerts another team. */
export interface Group extends Omit<Graded, 'object'> {
  readonly kind: string;
  readonly objects: readonly Identity[];
}

const anyElement = (path: string): string => path.replaceAll(/\[[^\]]+\]/g, '[*]');

const isSame = (group: Group, change: Graded): boolean =>
  group.kind === change.object.kind &&
  anyElement(group.path) === anyElement(change.path) &&
  group.rule === change.rule &&
  isDeepStrictEqual([group.before, group.after], [change.before, change.after]);

/** Whole objects that came or went are told one by one. */
const grouped = (changes: readonly Graded[]): readonly Group[] =>
  changes.reduce<Group[]>((groups, { object, ...change }) => {
    const index = groups.findIndex((group) => change.path !== '' && isSame(group, { object, ...change }));
    const group = groups[index];
    if (!group) return [...groups, { ...change, kind: object.kind, objects: [object] }];
    const path = group.path === change.path ? group.path : anyElement(group.path);
    return groups.with(index, { ...group, path, objects: [...group.objects, object] });
  }, []);

/** Changes by grade, worst first; grades without any are left out. */
export const byGrade = (changes: readonly Graded[]): readonly (readonly [Grade, readonly Group[]])[] =>
  grades
    .map((grade) => [grade, grouped(changes.filter((change) => change.grade === grade))] as const)
    .filter(([, groups]) => groups.length > 0);

/** `prod: CronJob postgresql-backup, redis-backup; dev: …` */
export const subject = ({ kind, objects }: Group): string =>
  [...Map.groupBy(objects, ({ environment }) => environment)]
    .map(
      ([environment, those]) =>
        `${environment}: ${kind} ${[...new Set(those.map(({ name }) => name))].join(', ')}`,
    )
    .join('; ');

const longestValue = 60;

/** A value in a line: text as it is, more as JSON, cut where it is long. */
const shown = (value: Value | undefined): string => {
  if (value === undefined) return 'nothing';
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/\s+/g, ' ');
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text || '""';
};

/** `schedule: a → b`, `added: a`, `is new`. */
export const what = ({ path, before, after }: Pick<Group, 'path' | 'before' | 'after'>): string => {
  if (path === '') return after === undefined ? 'is removed' : 'is new';
  if (before === undefined) return `${path}: added ${shown(after)}`;
  if (after === undefined) return `${path}: removed ${shown(before)}`;
  return `${path}: ${shown(before)} → ${shown(after)}`;
};

export const headings: Readonly<Record<Grade, string>> = {
  'data-loss': 'Data loss possible',
  exposure: 'Exposure widened',
  availability: 'Availability',
  harmless: 'Harmless',
};

/** `2 data loss possible, 1 harmless`; counts what is told, not objects. */
export const summary = (changes: readonly Graded[]): string =>
  byGrade(changes)
    .map(([grade, groups]) => `${groups.length} ${headings[grade].toLowerCase()}`)
    .join(', ') || 'no synthesized object changes';
