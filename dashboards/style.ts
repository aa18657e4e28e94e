import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { daySeconds, hourSeconds } from '../runtime/src/contract/time.ts';

/** Value from which a colour holds; the first, without a value, is the base. */
export type Steps = readonly (readonly [from: number | null, colour: string])[];

/** More is worse: green, orange from `warn`, red from `alarm`. */
export const atMost = (warn: number, alarm: number): Steps => [
  [null, 'green'],
  [warn, 'orange'],
  [alarm, 'red'],
];

/** Less is worse: red below `alarm`, orange below `warn`, then green. */
export const atLeast = (warn: number, alarm: number): Steps => [
  [null, 'red'],
  [alarm, 'orange'],
  [warn, 'green'],
];

/** What has no good or bad. */
export const neutral: Steps = [[null, 'text']];

/** Share of an objective: on a daily schedule age passes 1 by the duration of a run before the next archive counts. */
export const shareOfObjective = atMost(1, 1.1);

/** Time since what happens every day, with two hours to spare. */
export const dailyChecks = atMost(daySeconds + 2 * hourSeconds, 2 * daySeconds);

/** Time since what happens every week. */
export const weeklyDrills = atMost(7 * daySeconds + 2 * hourSeconds, 8 * daySeconds);

export const thresholds = (steps: Steps): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));

/** Text and colour by value. */
export type Words = Readonly<Record<string, readonly [text: string, colour: string]>>;

/** Of metrics that are 1 where something went well. */
export const okOrFailed: Words = { 1: ['ok', 'green'], 0: ['failed', 'red'] };

export const mappings = (words: Words): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  },
];
