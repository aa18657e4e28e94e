import type { Figures } from '../../runs/records.ts';

/** Key figures of a run in one line. */
export const figuresLine = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
