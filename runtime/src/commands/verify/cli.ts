import { defineCommand } from '../../cli/command.ts';
import { count } from '../../cli/option-parsers.ts';
import { verifyLevels } from '../../contract/verify-levels.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description: 'check archives: all, those of a target, or one; without a target a report is stored',
  arguments: {
    target: { description: 'whose archives', default: 'every target of the plan' },
    archive: { description: 'name, path or s3:// address', default: 'all archives of the target' },
  },
  flags: {
    level: {
      value: 'level',
      description:
        'quick: manifest, key and size, and that the log has no hole; deep: every byte, also of the newest base and its log; drill: restored and compared',
      choices: verifyLevels,
      default: { words: 'as the plan says', why: 'so that a run by hand does what the CronJob does' },
    },
    last: {
      value: 'n',
      description: 'how many of the newest archives of each target at this level',
      parse: count,
      default: { value: 1, why: 'older ones were the newest before' },
    },
  },
  examples: [
    ['', 'what the CronJob does: verify all, store a report'],
    ['postgresql --level drill', 'restore the newest archive into a scratch server, and compare'],
  ],
  exitCodes: ['store', 'damaged', 'verification'],
  schema: async () => (await import('./result.ts')).verifySchema,
  text: async () => (await import('./text.ts')).renderReport,
  run: async ({ target, archive, last, ...flags }, tool) => {
    const { verifyAndReport } = await import('./verify-and-report.ts');
    const app = await tool.open();
    const level = flags.level ?? app.plan.verification.level;
    return verifyAndReport(app, { level, target, archive, last });
  },
});
