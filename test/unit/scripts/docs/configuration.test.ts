import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Configuration, configurationFiles } from '../../../../scripts/docs/configuration.ts';
import { simpleTypeTable } from '../../../../scripts/docs/simple-types.ts';
import { Source } from '../../../../scripts/docs/source.ts';
import { environmentSchema } from '../../../../src/environment/environment.ts';

const source = new Source(configurationFiles);

describe('the reference of the configuration', () => {
  const configuration = new Configuration(source);

  test.each([
    ['a number with limits', 'kept', '| `retention.days` | whole number, at least 1, at most 3650 | `30` |'],
    ['a text that a message describes', 'aws', '| `aws.accountId` | 12 digits | none |'],
    ['what is required', 'kept', '| `stores.s3.base` | s3://bucket or s3://bucket/prefix | **required** |'],
    [
      'what has a section of its own',
      'deployed',
      '| `network.dns` | [Peer](#peer) | CoreDNS of kube-system |',
    ],
    ['what the engines differ in', 'backed-up', '| `targets[].secret.keys.token` | text | `admin-token` |'],
    [
      'what the deployment adds to a target',
      'backed-up',
      '| `targets[].drill.network` | [Peer](#peer) | **required** |',
    ],
  ] as const)('has %s', (_, group, row) => {
    expect(configuration.group(group)).toContain(row);
  });

  test('tells of a field what is said of it elsewhere, and its own default', () => {
    expect(configuration.group('backed-up')).toContain(
      "| the plan's retention.days | Days that a daily archive is kept. | most databases are alike |",
    );
  });

  test('has the connection of every engine', () => {
    expect(configuration.shared().match(/(?<=^### ).*/gm)).toEqual([
      'Resources',
      'Peer',
      'Connection of InfluxDB',
      'Connection of PostgreSQL',
      'Connection of Redis',
      'TLS',
    ]);
  });

  test('cannot be written while a new field has no comment, or no place on the page', () => {
    const schema = environmentSchema.safeExtend({ toy: z.string().optional() });
    expect(() => new Configuration(source, schema)).toThrow(
      'toy has no doc comment\ntoy has no "@default value - why"\ntoy is in no part of the page',
    );
  });

  test('has examples that are valid', () => expect(simpleTypeTable()).toContain('`1h30m`'));
});
