import { formatSeconds } from '../../core/units.ts';
import { intervalDays, type Compared, type Measured } from './compared.ts';
import { median, spread, trendOf } from './robust.ts';

const secondsOf = ({ startedAt, finishedAt }: Measured): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** Archives before a duration has a trend, and how much it must have risen over them: less is the weather. */
const trendHistory = 10;
const leastRise = 0.25;
const leastRiseSpreads = 3;

/** A deadline that the trend will miss. */
export const duration = (compared: Compared, deadlineSeconds: number): readonly string[] => {
  const series = [...compared.history, compared.candidate];
  if (series.length < trendHistory) return [];
  const seconds = series.map(secondsOf);
  const { slope, at, residuals } = trendOf(seconds);
  const rise = slope * (series.length - 1);
  if (rise < leastRise * median(seconds) || rise < leastRiseSpreads * spread(residuals)) return [];
  const perDay = slope / intervalDays(series);
  const days = Math.max(0, (deadlineSeconds - at(series.length - 1)) / perDay);
  if (!(days < compared.policy.forecastDays)) return [];
  return [
    `duration, now ${formatSeconds(seconds.at(-1)!)}, grows by ${formatSeconds(perDay)} a day and will miss the deadline of ${formatSeconds(deadlineSeconds)} in ${Math.ceil(days)} days`,
  ];
};
