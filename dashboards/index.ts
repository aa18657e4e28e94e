import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { names } from '../runtime/src/contract/names.ts';
import { datasourceVariable, lines, stat } from './panels.ts';
import * as promql from './queries.ts';

export interface DashboardContext {
  readonly namespace: string;
  /** Whose backups they are, for title and tags. */
  readonly platform: string;
  readonly runbookUrl: string;
}

const target = '{{target}}';

/** Can we recover now, and to which point? */
const state = (namespace: string) => [
  stat(
    {
      title: 'Age of the newest backup, of its RPO',
      description: '100 % is as old as the objective allows.',
      query: promql.ageOfRpo(namespace),
      legend: target,
      unit: 'percentunit',
      width: 6,
    },
    { warn: 1, alarm: 1.1 },
  ),
  stat(
    {
      title: 'Verified',
      description: 'Time since an archive was last read and found good.',
      query: promql.verifiedSecondsAgo(namespace),
      legend: target,
      unit: 's',
      width: 6,
    },
    { warn: 86_400 + 7200, alarm: 2 * 86_400 },
  ),
  stat(
    {
      title: 'Drilled',
      description: 'Time since a drill last restored the newest archives and found them equal.',
      query: promql.drilledSecondsAgo(namespace),
      legend: 'all targets',
      unit: 's',
      width: 6,
    },
    { warn: 7 * 86_400 + 7200, alarm: 8 * 86_400 },
  ),
  stat(
    {
      title: 'Job success rate',
      description: 'Of the finished Jobs that Kubernetes still keeps.',
      query: promql.jobSuccessRatio(namespace),
      legend: '{{owner_name}}',
      unit: 'percentunit',
      width: 6,
    },
    { warn: 1, alarm: 0.7, moreIsBetter: true },
  ),
];

const history = (namespace: string) => [
  lines({
    title: 'Duration',
    description: 'Of the run that made the newest archive.',
    query: promql.durationSeconds(namespace),
    legend: target,
    unit: 's',
    width: 8,
  }),
  lines({
    title: 'Archive size',
    description: 'Compressed and encrypted.',
    query: promql.archiveBytes(namespace),
    legend: target,
    unit: 'bytes',
    width: 8,
  }),
  lines({
    title: 'Source size',
    description: 'Bytes read from the database.',
    query: promql.sourceBytes(namespace),
    legend: target,
    unit: 'bytes',
    width: 8,
  }),
];

const storage = (namespace: string) => [
  lines({
    title: 'Free space',
    description: 'Of each store that has a limit.',
    query: promql.freeBytes(namespace),
    legend: '{{store}}',
    unit: 'bytes',
    width: 12,
  }),
  lines({
    title: 'Archives kept',
    description: 'Committed archives by tier.',
    query: promql.archives(namespace),
    legend: `${target} {{tier}}`,
    unit: 'short',
    width: 12,
  }),
];

/** Dashboard `backup-monitoring`. */
export const dashboard = ({ namespace, platform, runbookUrl }: DashboardContext): Dashboard => {
  const builder = new DashboardBuilder(`Backups of ${platform}`)
    .uid(names.monitoring)
    .tags(['backup', platform])
    .timezone('utc')
    .time({ from: 'now-7d', to: 'now' })
    .refresh('1m')
    .readonly()
    .withVariable(new DatasourceVariableBuilder(datasourceVariable).label('Data source').type('prometheus'))
    .link(new DashboardLinkBuilder('Runbook').type(DashboardLinkType.Link).url(runbookUrl).targetBlank(true));
  const rows = { State: state(namespace), History: history(namespace), Storage: storage(namespace) };
  for (const [title, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(title));
    panels.forEach((panel) => builder.withPanel(panel));
  }
  return builder.build();
};
