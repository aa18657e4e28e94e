/** The parts of Grafana's dashboard JSON that the pictures draw. */

export interface Step {
  readonly value: number | null;
  readonly color: string;
}

export interface Words {
  readonly options: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}

export interface FieldConfig {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly mappings?: readonly Words[];
  readonly thresholds?: { readonly steps: readonly Step[] };
  readonly custom?: {
    readonly fillOpacity?: number;
    readonly stacking?: { readonly mode: string };
    readonly thresholdsStyle?: { readonly mode: string };
  };
}

interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
  readonly refId: string;
  readonly instant?: boolean;
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: FieldConfig; readonly overrides: readonly Override[] };
  readonly transformations?: readonly { readonly id: string; readonly options: Record<string, never> }[];
  readonly options?: {
    readonly textMode?: string;
    readonly legend?: { readonly displayMode: string; readonly calcs: readonly string[] };
  };
}

export interface Dashboard {
  readonly title: string;
  readonly links: readonly { readonly title: string }[];
  readonly templating: {
    /** `hide` 2 shows nothing of it. */
    readonly list: readonly { readonly name: string; readonly label: string; readonly hide?: number }[];
  };
  readonly panels: readonly Panel[];
}

/** A series of an answer; times in milliseconds. */
export interface Series {
  readonly refId: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** What is drawn: from, to and step in milliseconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A panel's data and its place in pixels. */
export interface Drawing {
  readonly panel: Panel;
  readonly series: readonly Series[];
  readonly range: Range;
  readonly width: number;
  readonly height: number;
}

export const defaultsOf = ({ fieldConfig }: Panel): FieldConfig => fieldConfig?.defaults ?? {};

/** Configuration of one field: the defaults with the overrides by its name. */
export const configOf = (panel: Panel, field: string): FieldConfig => {
  const overrides = (panel.fieldConfig?.overrides ?? []).filter(({ matcher }) => matcher.options === field);
  const properties = overrides.flatMap((override) => override.properties.map(({ id, value }) => [id, value]));
  return { ...defaultsOf(panel), ...(Object.fromEntries(properties) as FieldConfig) };
};

export const last = ({ points }: Series): number => points.at(-1)?.[1] ?? NaN;
