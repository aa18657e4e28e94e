import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderAudit } from '../../../runtime/src/commands/audit/text.ts';
import { renderBackup } from '../../../runtime/src/commands/backup/text.ts';
import { renderCheck } from '../../../runtime/src/commands/check/text.ts';
import { renderRestore } from '../../../runtime/src/commands/restore/text.ts';
import { renderShown } from '../../../runtime/src/commands/show/text.ts';
import { renderStatus } from '../../../runtime/src/commands/status/text.ts';
import { renderReport } from '../../../runtime/src/commands/verify/text.ts';
import { openLog } from '../../../runtime/src/core/log.ts';
import { printable } from '../../../runtime/src/core/printable.ts';

const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Text with a line of its own, which must begin none, in what is printed. */
const hostile = fc
  .array(fc.constantFrom('\u001b[2J', '\r', '\u009b2J', '\u202e', '\u2028', '"', '| a |', '\t', 'ü'), {
    maxLength: 4,
  })
  .map((parts) => `x${parts.join('')}\n  kept    FORGED`);

const plan = {
  target: 't',
  store: 's',
  archive: 'a',
  mode: 'replace',
  takenAt: '2024',
  archiveBytes: 1,
  sourceBytes: 1,
};

/** Every renderer, with the text wherever a name of a database may come. */
const pages: Readonly<Record<string, (text: string) => string>> = {
  backup: (text) =>
    renderBackup({ ...plan, seconds: 1, copies: [], replicated: {}, pruned: [], warnings: [text] } as never),
  restore: (text) =>
    renderRestore([
      {
        ...{ ...plan, into: text, effect: text, notes: [text], seconds: 1, rtoSeconds: 1, equal: false },
        ...{ accepted: [text], kept: text, undo: text },
      },
    ] as never),
  status: (text) =>
    renderStatus([
      {
        ...{ target: 't', engine: 'redis', archives: 0, rpoSeconds: 1, setAside: [{ problem: text }] },
        ...{ lastRuns: [{ command: text, ok: false }], anomalies: [text], frozen: text },
        lock: { state: 'held', command: text, host: text, since: '2024-01-01' },
      },
    ] as never),
  check: (text) =>
    renderCheck({
      findings: [{ kind: 'k', store: 's', key: 'k', message: text, severity: 'problem' }],
      repaired: 0,
    } as never),
  audit: (text) =>
    renderAudit({
      ok: false,
      entries: 1,
      proved: 0,
      problems: [{ entry: '1', message: text }],
    }),
  show: (text) =>
    renderShown({
      store: 's',
      archive: 'a',
      problem: text,
      manifest: {
        ...{ ...plan, id: 'i', tier: 'daily' },
        ...{
          server: { product: text, version: text, tools: {} },
          compression: {},
          seal: { sha256: 's', segments: [] },
        },
        ...{ verifications: [], entries: [{ name: text, bytes: 1 }], fingerprint: { [text]: { [text]: 1 } } },
        ...{ startedAt: '2024-01-01', finishedAt: '2024-01-01' },
      },
    } as never),
  report: (text) =>
    renderReport({
      ...{ environment: 'test', generatedAt: '2024', stopped: text, notReached: [], warnings: [text] },
      results: [
        {
          target: 't',
          store: 's',
          archive: 'a',
          level: 'drill',
          seconds: 1,
          problem: { code: 'c', message: text },
        },
      ],
    } as never),
};

test.each(Object.entries(pages))('text of a database stays in its place in %s', (_name, page) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const printed = printable(page(text));
      expect(printed).not.toMatch(controls);
      expect(printed).toContain('FORGED');
      expect(printed).not.toMatch(/^(?: {2})?kept +FORGED/m);
    }),
    { numRuns: 30 },
  );
});

test.each([true, false])('text of a database stays in its line of the log, on a terminal: %s', (isTTY) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const lines: string[] = [];
      openLog({ isTTY, write: (line) => lines.push(line) }, 'INFO').info({ text }, text);
      expect(lines.join('')).not.toMatch(controls);
      expect(lines.join('')).not.toMatch(/^kept/m);
      if (!isTTY) expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ text, msg: text }]);
    }),
    { numRuns: 30 },
  );
});
