import { describe, expect, test } from '@jest/globals';
import type { alertGroups } from '../../../alerts/index.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { at, environmentNames, environmentOf, find, objectsOf } from '../../kit/environments.ts';
import { checkAlert, checkFired, checkRules } from '../../kit/promtool.ts';
import { recoveryCases, verificationCases } from './cases/archives.ts';
import type { Case } from './cases/case.ts';
import { drillCases } from './cases/drills.ts';
import { jobCases } from './cases/jobs.ts';
import { logCases } from './cases/log.ts';
import { storageCases } from './cases/storage.ts';
import { watchingCases } from './cases/exporter.ts';

type Groups = ReturnType<typeof alertGroups>;

/** Rules as the manifests hold them. */
const rulesOf = (environment: Environment): Groups =>
  at(find(objectsOf(environment), 'PrometheusRule', 'backup-alerts'), 'spec.groups');

const groups = rulesOf(environmentOf('prod'));
const { runbookUrl, grafanaUrl } = environmentOf('prod').monitoring;
const alerts = groups.flatMap(({ rules }) => rules);
const names = alerts.map(({ alert }) => alert);

const cases: readonly Case[] = [
  ...recoveryCases,
  ...verificationCases,
  ...drillCases,
  ...jobCases,
  ...logCases,
  ...storageCases,
  ...watchingCases,
];

/** What says that data is absent: the only alerts that fire without any. */
const tellAbsence = ['BackupLogNotReceived', 'BackupMetricsAbsent', 'BackupCronJobAbsent'];

const expectedOf = ({ alert, fires }: Case) => {
  if (!fires) return [];
  const { severity } = alerts.find((rule) => rule.alert === alert)!.labels;
  const common = { severity, team: 'platform', environment: 'prod', namespace: 'grill-stats' };
  const links = {
    runbook_url: `${runbookUrl}#${alert.toLowerCase()}`,
    dashboard_url: `${grafanaUrl}/d/backup-monitoring`,
  };
  const { labels, ...texts } = fires;
  return [{ labels: { ...common, ...labels }, annotations: { ...texts, ...links } }];
};

describe('alerts', () => {
  test.each(environmentNames)('of %s pass promtool check rules', async (name) => {
    const rules = rulesOf(environmentOf(name));
    const count = rules.reduce((sum, group) => sum + group.rules.length, 0);
    expect(await checkRules(rules)).toContain(`SUCCESS: ${count} rules found`);
  });

  test.each(names)('%s fires and is silent as its cases say', async (name) => {
    const own = cases.filter(({ alert }) => alert === name);
    expect(own.some(({ fires }) => fires)).toBe(true);
    expect(own.some(({ fires }) => !fires)).toBe(true);
    await checkAlert(
      groups,
      name,
      own.map((each) => ({ ...each, expected: expectedOf(each) })),
    );
  });

  test('without any data are silent, but those that tell of just that', async () => {
    await checkFired(groups, { series: {}, at: '72h' }, tellAbsence);
  }, 60_000);

  test('no case is of an alert that does not exist', () => {
    expect(cases.map(({ alert }) => alert).filter((alert) => !names.includes(alert))).toEqual([]);
  });

  test('are told apart by name', () => {
    expect(new Set(names).size).toBe(names.length);
  });
});
