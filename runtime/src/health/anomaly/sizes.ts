import { median } from '../../core/median.ts';
import { formatBytes } from '../../core/units.ts';
import { basis, describe, dropFactor, type Compared, type Measured } from './compared.ts';
import { shiftOf, usualDeviation } from './shifts.ts';

/** Source and archive that shrank or grew. */
export const sizes = (compared: Compared): readonly string[] => {
  const { history, candidate, policy } = compared;
  const factors = { down: dropFactor(policy), up: policy.growthFactor } as const;
  return (['sourceBytes', 'archiveBytes'] as const).flatMap((field) =>
    (['down', 'up'] as const).flatMap((direction) => {
      const values = history.map((manifest) => manifest[field]);
      const shift = shiftOf(values, candidate[field], direction, factors[direction]);
      const what = field === 'sourceBytes' ? 'source size' : 'archive size';
      return shift ? [describe(compared, what, shift, direction, formatBytes)] : [];
    }),
  );
};

const ratioOf = ({ archiveBytes, sourceBytes }: Measured): number => archiveBytes / Math.max(1, sourceBytes);

/** Data that compresses less than it did. */
export const ratio = (compared: Compared): readonly string[] => {
  const ratios = compared.history.map(ratioOf);
  const usual = median(ratios);
  const value = ratioOf(compared.candidate);
  const rise = value - usual;
  const residuals = ratios.map((each) => each - usual);
  const limit = (compared.policy.ratioPercent / 100) * (1 - usual);
  if (usual >= 1 || rise <= limit || rise <= usualDeviation(residuals, 'up')) return [];
  return [
    `compression ratio rose to ${value.toFixed(2)} from ${usual.toFixed(2)} (${basis(compared)}): data that no longer compresses may have been encrypted`,
  ];
};
