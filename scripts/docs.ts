import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandSections, commonFlagTable, readCommands } from './docs/commands.ts';
import { Configuration, configurationFiles, overrideTable } from './docs/configuration.ts';
import { costTable } from './docs/costs.ts';
import { exitCodeTable, failureSections } from './docs/errors.ts';
import { errorDocument, resultDocuments } from './docs/json.ts';
import { clusterMetrics, exporterMetrics, jobMetrics, logMetrics } from './docs/metrics.ts';
import { networkTables } from './docs/network.ts';
import { fillPage, type Parts } from './docs/page.ts';
import { reviewRules } from './docs/rules.ts';
import { simpleTypeTable } from './docs/simple-types.ts';
import { Source } from './docs/source.ts';
import { constructFiles, Constructs } from './docs/constructs.ts';

// `npm run docs` writes the generated parts of pages; with --check it only says which are stale.

const root = dirname(import.meta.dirname);

const source = new Source([...configurationFiles, ...constructFiles]);
const configuration = new Configuration(source);
const constructs = new Constructs(source, configuration.links());

const commands = await readCommands();
const results = await resultDocuments(commands);

const pages: Readonly<Record<string, Parts>> = {
  'docs/how-to/network.md': { tables: networkTables },
  'docs/how-to/point-in-time.md': { costs: costTable },
  'docs/how-to/reviewing.md': { rules: reviewRules },
  'docs/reference/configuration.md': {
    types: simpleTypeTable,
    'backed-up': () => configuration.group('backed-up'),
    kept: () => configuration.group('kept'),
    deployed: () => configuration.group('deployed'),
    aws: () => configuration.group('aws'),
    shared: () => configuration.shared(),
    overrides: overrideTable,
  },
  'docs/reference/metrics.md': {
    exporter: exporterMetrics,
    jobs: jobMetrics,
    log: logMetrics,
    cluster: clusterMetrics,
  },
  'docs/reference/constructs.md': {
    constructs: () => constructs.library(),
    pulumi: () => constructs.pulumi(),
  },
  'docs/reference/cli.md': { common: commonFlagTable, commands: () => commandSections(commands) },
  'docs/reference/json.md': { results: () => results, error: errorDocument },
  'docs/reference/errors.md': { 'exit-codes': exitCodeTable, failures: failureSections },
};

const stale = Object.entries(pages).filter(([page, parts]) => {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const fresh = fillPage(text, parts);
  if (fresh !== text && !process.argv.includes('--check')) writeFileSync(path, fresh);
  return fresh !== text;
});

if (stale.length && process.argv.includes('--check')) {
  const names = stale.map(([page]) => `  ${page}`);
  process.stderr.write(['stale pages, run npm run docs and commit:', ...names, ''].join('\n'));
  process.exitCode = 2;
}
