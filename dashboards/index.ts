import {
  DashboardBuilder,
  RowBuilder,
  type Dashboard,
  type QueryVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { names } from '../runtime/src/contract/names.ts';
import type { DashboardContext } from './context.ts';
import { fleetRows } from './fleet.ts';
import { linksOf, targetUrl } from './links.ts';
import type { Panels } from './panels.ts';
import { targetRows } from './target.ts';
import {
  datasourceVariable,
  environmentVariable,
  namespaceVariable,
  targetsVariable,
  targetVariable,
} from './variables.ts';

export type { DashboardContext } from './context.ts';

/** The dashboards' addresses, `/d/<uid>`, which never change. */
const uids = { fleet: names.monitoring, target: 'backup-target' } as const;

interface Content {
  readonly uid: string;
  readonly title: string;
  readonly other: { readonly uid: string; readonly title: string };
  readonly target: QueryVariableBuilder;
  readonly rows: Readonly<Record<string, Panels>>;
}

/** Ids by position: the builder gives every row the same one. */
const numbered = (dashboard: Dashboard): Dashboard => ({
  ...dashboard,
  panels: (dashboard.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })),
});

const build = (context: DashboardContext, { uid, title, other, target, rows }: Content): Dashboard => {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .tags(['backup', context.platform])
    .timezone('utc')
    .time({ from: 'now-14d', to: 'now' })
    .refresh('1m')
    .readonly()
    .variables([
      datasourceVariable(),
      environmentVariable(context.plan.environment),
      namespaceVariable(context.namespace),
      target,
    ])
    .links(linksOf(context, other).map((link) => ({ build: () => link })));
  for (const [row, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(row));
    panels.forEach((panel) => builder.withPanel(panel));
  }
  return numbered(builder.build());
};

/** A dashboard, and the ConfigMap that carries it. */
export interface Shipped {
  readonly configMap: string;
  /** `<uid>.json`, in the ConfigMap as in dashboards/json. */
  readonly file: string;
  readonly dashboard: Dashboard;
}

/** All dashboards: of every target together, and of one. */
export const dashboards = (context: DashboardContext): readonly Shipped[] => {
  const { platform, plan } = context;
  const fleet = { uid: uids.fleet, title: `Backups of ${platform}` };
  const target = { uid: uids.target, title: `Backups of ${platform}, one target` };
  const ofFleet = {
    ...fleet,
    other: target,
    target: targetsVariable(),
    rows: fleetRows(context, targetUrl(uids.target)),
  };
  const ofTarget = {
    ...target,
    other: fleet,
    target: targetVariable(plan.targets[0]?.name ?? ''),
    rows: targetRows(context),
  };
  return [
    { configMap: names.dashboard, file: `${uids.fleet}.json`, dashboard: build(context, ofFleet) },
    { configMap: names.targetDashboard, file: `${uids.target}.json`, dashboard: build(context, ofTarget) },
  ];
};

/** As Grafana imports it. */
export const renderDashboard = ({ dashboard }: Shipped): string =>
  `${JSON.stringify(dashboard, undefined, 2)}\n`;
