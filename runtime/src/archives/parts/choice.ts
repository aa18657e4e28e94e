import { formatBytes } from '../../core/units.ts';
import type { Target } from '../../plan/schema.ts';
import { engineOf } from '../../session/app.ts';

/** Whether the next archive of a target is stored as parts, and why. */
export interface PartsChoice {
  readonly isParted: boolean;
  readonly reason: string;
}

const bySize = (sourceBytes: number | undefined, largeBytes: number | undefined): PartsChoice => {
  if (largeBytes === undefined) return { isParted: false, reason: 'the plan does not ask for it' };
  if (sourceBytes === undefined) return { isParted: false, reason: 'no archive tells yet how large it is' };
  const isParted = sourceBytes >= largeBytes;
  const [size, large] = [formatBytes(sourceBytes), formatBytes(largeBytes)];
  return { isParted, reason: `${size} ${isParted ? 'is at least' : 'is less than'} ${large}` };
};

/**
 * Undefined for an engine without parts. By size, one file is chosen for what is small: it needs no other file, and costs little to
 * store again. A database that hovers about the size costs no more than one in one file. Pure.
 * @param sourceBytes of the newest archive; undefined where there is none
 */
export const choiceOfParts = (
  target: Pick<Target, 'engine' | 'connection' | 'parts'>,
  sourceBytes: number | undefined,
): PartsChoice | undefined => {
  const { parts } = engineOf(target);
  if (!parts) return undefined;
  if (target.parts === false) return { isParted: false, reason: 'the plan says so' };
  const hindrance = parts.hindrance?.(target.connection);
  if (hindrance !== undefined) return { isParted: false, reason: hindrance };
  if (target.parts === true) return { isParted: true, reason: 'the plan says so' };
  return bySize(sourceBytes, parts.largeBytes);
};
