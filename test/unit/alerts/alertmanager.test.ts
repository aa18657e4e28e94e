import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { alertGroups } from '../../../alerts/index.ts';
import { planOf } from '../../../src/environment/environment.ts';
import { environmentOf, root } from '../../kit/environments.ts';

const file = join(root, 'alerts/alertmanager.yaml');
const amtool = (...args: string[]): string => execFileSync('amtool', args, { encoding: 'utf8' });

/** Receiver of an alert, as Alertmanager would choose it. */
const receiverOf = (labels: Readonly<Record<string, string>>): string =>
  amtool(
    'config',
    'routes',
    'test',
    `--config.file=${file}`,
    ...Object.entries(labels).map((pair) => pair.join('=')),
  ).trim();

const alerts = alertGroups({
  ...{ namespace: 'grill-stats', team: 'platform', runbookUrl: '', grafanaUrl: '' },
  plan: planOf(environmentOf('prod')),
}).flatMap(({ rules }) => rules);

interface Inhibition {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

describe('alertmanager.yaml', () => {
  test('passes amtool check-config', () => {
    expect(amtool('check-config', file)).toContain('SUCCESS');
  });

  test('pages for what is critical in production, and only for that', () => {
    for (const environment of ['prod', 'dev'])
      for (const severity of ['critical', 'warning'])
        expect([environment, severity, receiverOf({ team: 'platform', environment, severity })]).toEqual([
          environment,
          severity,
          environment === 'prod' && severity === 'critical' ? 'backups-page' : 'backups-day',
        ]);
  });

  test('inhibits alerts that exist by labels that both have', () => {
    const { inhibit_rules: rules } = load(readFileSync(file, 'utf8')) as { inhibit_rules: Inhibition[] };
    const namesIn = (matchers: readonly string[]) => /"(.+)"/.exec(matchers.join())![1]!.split('|');
    for (const { source_matchers, target_matchers, equal } of rules)
      for (const name of [...namesIn(source_matchers), ...namesIn(target_matchers)]) {
        const rule = alerts.find(({ alert }) => alert === name);
        expect([name, rule?.alert]).toEqual([name, name]);
        const text = `${rule!.expr} ${Object.keys(rule!.labels).join(' ')}`;
        expect([name, equal.filter((label) => !text.includes(label))]).toEqual([name, []]);
      }
  });
});
