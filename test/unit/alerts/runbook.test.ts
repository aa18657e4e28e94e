import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { alertGroups } from '../../../alerts/index.ts';
import { planOf } from '../../../src/environment/environment.ts';
import { checkCommand, codeIn, isCommand } from '../../kit/commands.ts';
import { root, environmentOf } from '../../kit/environments.ts';

const plan = planOf(environmentOf('prod'));
const alerts = alertGroups({
  namespace: 'grill-stats',
  team: '',
  runbookUrl: '',
  grafanaUrl: '',
  plan,
}).flatMap(({ rules }) => rules.map(({ alert }) => alert));

const text = readFileSync(join(root, 'alerts/RUNBOOK.md'), 'utf8');
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0]!, section] as const),
);

const parts = ['Meaning', 'Impact', 'First check', 'Fix', 'Command', 'Escalation'];

describe('RUNBOOK.md', () => {
  test('has one section per alert', () => {
    expect([...sections.keys()].toSorted()).toEqual(alerts.toSorted());
  });

  test.each(alerts)('%s has its six parts and one command', (alert) => {
    const section = sections.get(alert)!;
    expect([...section.matchAll(/^- \*\*(.+?):\*\* ?/gm)].map(([, part]) => part)).toEqual(parts);
    expect([...section.matchAll(/```bash\n(.+)\n {2}```/g)]).toHaveLength(1);
    for (const part of parts) expect(section).toMatch(new RegExp(`\\*\\*${part}:\\*\\*\\s+\\S`));
  });

  const commands = [...new Set(codeIn(text).filter(isCommand))];

  test.each(commands)('%s exists', async (command) => {
    await checkCommand(command);
  });

  test('the check finds commands, options and names that do not exist', async () => {
    const inPod = 'kubectl exec -it backup-restore-job -n grill-stats --';
    for (const wrong of [
      `${inPod} grill-backup heal`,
      `${inPod} grill-backup prune --dryrun`,
      `${inPod} /scripts/mongodb-restore.sh`,
      'kubectl create job --from=cronjob/mongodb-backup manual -n grill-stats',
      'kubectl logs -n grill-stats -l app.kubernetes.io/name=backup-export --tail=-1',
      'kubectl get cronjobs',
    ])
      await expect(checkCommand(wrong)).rejects.toThrow();
  });

  test('links lead to sections and pages', () => {
    const anchors = alerts.map((alert) => `#${alert.toLowerCase()}`);
    for (const [, link] of text.matchAll(/\]\(([^)]+)\)/g))
      if (link!.startsWith('#')) expect(anchors).toContain(link);
      else expect(() => readFileSync(join(root, 'alerts', link!))).not.toThrow();
  });
});
