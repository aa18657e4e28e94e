import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, type FailureCode } from '../../../core/errors.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';

export type Cell = string | number | boolean | null;

/** One series of an answer; a row is a list of values in the order of `columns`. */
export interface Series {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values?: readonly (readonly Cell[])[];
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: readonly Series[] }[];
}

/** `"name"`, for databases, policies, measurements, users. */
export const identifier = (name: string): string =>
  `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const refused = /authorization|authentication|not authorized|privilege/i;

/** Runs InfluxQL; series as they come, so that any number of them needs no memory. */
export async function* stream(
  context: RunContext,
  source: InfluxdbSource,
  influxql: string,
  failure: FailureCode,
): AsyncGenerator<Series, void, undefined> {
  const response = await call(context, source, {
    method: 'POST',
    path: '/query?chunked=true&epoch=ns',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ q: influxql }).toString(),
    failure,
  });
  const lines = createInterface({
    input: Readable.from(bytesOf(context, source, response, failure)),
    crlfDelay: Infinity,
  });
  for await (const line of lines) {
    const { error, results = [] } = JSON.parse(line) as Answer;
    const problem = error ?? results.find((result) => result.error !== undefined)?.error;
    if (problem !== undefined)
      throw new BackupError(
        refused.test(problem) ? 'source.refused' : failure,
        `${addressOf(source)}: ${problem}: ${influxql}`,
      );
    for (const { series = [] } of results) yield* series;
  }
}

/** As `stream`, all at once; for small answers. */
export const query = async (
  context: RunContext,
  source: InfluxdbSource,
  influxql: string,
  failure: FailureCode,
): Promise<readonly Series[]> => {
  const found: Series[] = [];
  for await (const series of stream(context, source, influxql, failure)) found.push(series);
  return found;
};

/** Rows of an answer as objects by column. */
export const rows = (series: readonly Series[]): readonly Readonly<Record<string, Cell>>[] =>
  series.flatMap(({ columns, values = [] }) =>
    values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]))),
  );
