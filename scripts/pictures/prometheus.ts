import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import {
  freePort,
  removeFolder,
  startServer,
  unprivileged,
  workFolder,
} from '../../test/kit/private-server.ts';
import type { Range, Series, Target } from './model.ts';

/** A Prometheus with a past. */
export interface Prometheus {
  /** The answer to one query of a panel; `choose` puts values in the place of the dashboard's variables. */
  readonly ask: (
    target: Target,
    range: Range,
    choose: (text: string) => string,
  ) => Promise<readonly Series[]>;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

const nameOf = (labels: Readonly<Record<string, string>>, legend = ''): string =>
  legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');

const parametersOf = ({ from, to, step }: Range, query: string, instant = false): URLSearchParams =>
  instant
    ? new URLSearchParams({ query, time: `${to / 1000}` })
    : new URLSearchParams({ query, start: `${from / 1000}`, end: `${to / 1000}`, step: `${step / 1000}` });

const askAt =
  (url: string): Prometheus['ask'] =>
  async (target, range, choose) => {
    const { expr, refId, legendFormat, instant } = target;
    const parameters = parametersOf(range, choose(expr), instant);
    const path = instant ? 'query' : 'query_range';
    const { status, error, data } = (await (
      await fetch(`${url}/api/v1/${path}?${parameters.toString()}`)
    ).json()) as Answer;
    if (status !== 'success') throw new Error(`${error}: ${choose(expr)}`);
    return data.result.map(({ metric, value, values = [mustExist(value, 'value')] }) => ({
      refId,
      labels: metric,
      name: nameOf(metric, legendFormat),
      points: values.map(([time, text]) => [time * 1000, text === '+Inf' ? Infinity : Number(text)] as const),
    }));
  };

/** Starts a private Prometheus that has scraped `text`, OpenMetrics with times, one sample every `everyMs`. */
export const startPrometheus = async (
  text: string,
  everyMs: number,
  stack: AsyncDisposableStack,
): Promise<Prometheus> => {
  const folder = stack.adopt(workFolder('pictures-prometheus'), removeFolder);
  const [input, data] = [join(folder, 'history.txt'), join(folder, 'data')];
  const config = join(folder, 'prometheus.yaml');
  await writeFile(input, text);
  await writeFile(config, '{}\n');
  await promisify(execFile)(
    'promtool',
    ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', input, data],
    unprivileged,
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = {
    'config.file': config,
    'storage.tsdb.path': data,
    'storage.tsdb.retention.time': '1y',
    'web.listen-address': `127.0.0.1:${port}`,
    // a sample counts until the next one
    'query.lookback-delta': `${(2 * everyMs) / 1000}s`,
  };
  const ready = async () => {
    if (!(await fetch(`${url}/-/ready`)).ok) throw new Error('prometheus is not ready');
  };
  const server = await startServer({
    program: 'prometheus',
    args: Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    ready,
  });
  stack.adopt(server, ({ stop }) => stop());
  return { ask: askAt(url) };
};
