import type { FieldConfig } from './model.ts';

/** Grafana's dark theme. */
const named: Readonly<Record<string, string>> = {
  green: '#73bf69',
  orange: '#ff9830',
  red: '#f2495c',
  blue: '#5794f2',
  yellow: '#fade2a',
  purple: '#b877d9',
  text: '#ccccdc',
  transparent: 'transparent',
};

/** Grafana's palette-classic, by order of series. */
const palette = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9', '#705da0'];

export const seriesColour = (index: number): string => palette[index % palette.length] ?? '';

export const colour = (name: string): string => named[name] ?? name;

/** Word and colour that mappings and thresholds give a value. */
export const meaning = (value: number, { mappings = [], thresholds }: FieldConfig) => {
  const word = mappings.map(({ options }) => options[String(value)]).find((found) => found !== undefined);
  const step = thresholds?.steps.findLast((each) => each.value === null || value >= each.value);
  return { text: word?.text, colour: colour(word?.color ?? step?.color ?? 'text') };
};
