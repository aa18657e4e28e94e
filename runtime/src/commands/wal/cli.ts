import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description:
    'look at the stored log of a database, find transactions in it, or give up its replication slot',
  arguments: {
    action: {
      description:
        'status: what is stored, and how the slot stands; find: transactions, with the command that restores the instant before each; release: drop the slot on the server',
      choices: ['status', 'find', 'release'],
    },
    target: { description: 'whose log' },
    statement: {
      description:
        'with find: how a statement begins, such as "DROP TABLE users"; the log holds no statements but what they did, so conditions do not count',
      default: 'whatever changed something',
    },
  },
  flags: {
    relation: { value: 'name', description: 'with find: only what changed this table (schema.table)' },
    from: {
      value: 'time',
      description: 'with find: only what was committed from then on; UTC',
      default: { words: 'a day before --to', why: 'reading more log takes longer' },
    },
    to: {
      value: 'time',
      description: 'with find: only what was committed up to then; UTC',
      default: { words: 'now', why: 'the newest log is read' },
    },
    force: { description: 'with release: do not ask' },
  },
  examples: [
    ['status postgresql', 'from when to when the log is stored, with its gaps'],
    ["find postgresql 'DROP TABLE users'", 'which transaction did it, and how to go just before it'],
    [
      "find postgresql --relation public.users --from '2026-11-28 03:00' --to '2026-11-28 03:30'",
      'what happened to a table within half an hour',
    ],
    ['release postgresql', 'let the server remove log that no receiver takes any more'],
  ],
  exitCodes: ['source', 'store', 'damaged', 'restore', 'locked'],
  schema: async () => (await import('./result.ts')).walSchema,
  text: async () => (await import('./text.ts')).renderWal,
  run: async ({ action, target, force, ...search }, tool) => {
    const { refuseUnused } = await import('./contradictions.ts');
    refuseUnused(action, { ...search, force });
    if (action === 'find') {
      const { findInLog } = await import('./find.ts');
      return { result: await findInLog(await tool.look(), target, search) };
    }
    const { release, walStatus } = await import('./wal.ts');
    if (action === 'status') return { result: await walStatus(await tool.look(), target) };
    const confirm = async (text: string) => force || tool.ask(text, target, 'drop it');
    return { result: await release(await tool.open(), target, confirm) };
  },
});
