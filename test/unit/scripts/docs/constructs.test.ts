import { describe, expect, test } from '@jest/globals';
import type ts from 'typescript';
import { Configuration, configurationFiles } from '../../../../scripts/docs/configuration.ts';
import { constructFiles, Constructs } from '../../../../scripts/docs/constructs.ts';
import { Props } from '../../../../scripts/docs/props.ts';
import { Source } from '../../../../scripts/docs/source.ts';

const toys = 'test/fixtures/toy-constructs.ts';
const source = new Source([...configurationFiles, ...constructFiles, toys]);
const links = new Configuration(source).links();

const propsOf = (name: string): ts.Type => {
  const { checker } = source;
  const [signature] = checker.getTypeOfSymbol(source.exportsOf(toys).get(name)!).getConstructSignatures();
  return checker.getTypeOfSymbol(signature!.parameters.at(-1)!);
};

describe('the reference of the constructs', () => {
  test('has a section for everything that the library exports, but types of props', () => {
    const sections = new Constructs(source, links).library().match(/(?<=^### ).*/gm)!;
    const exported = [...source.exportsOf('src/index.ts').keys()].filter((name) => !name.endsWith('Props'));
    expect(sections.toSorted()).toEqual(exported.toSorted());
  });

  test('names the props of a second construct that takes the same', () => {
    expect(new Constructs(source, links).library()).toContain(
      'Its props are those of [BackupSystem](#backupsystem).',
    );
  });

  test('has the Pulumi component with its outputs', () => {
    const text = new Constructs(source, links).pulumi();
    expect(text).toContain('| `secrets` | `Readonly<Record<string, Input<string>>>` | none |');
    expect(text).toContain('- `schedules: pulumi.Output<');
  });

  test('has type, default and reason of every prop, to any depth, and links what the configuration has', () => {
    expect(new Props(source, links).tableOf('GoodToy', propsOf('GoodToy')).split('\n').slice(2)).toEqual([
      '| `parts` | list of objects | **required** | What it is made of. |  |',
      '| `parts[].name` | `string` | **required** | Name of the part. |  |',
      '| `size` | `string` | **required** | Size of the volume. |  |',
      '| `storage` | [storage](configuration.md#storage) | **required** | Volume of the archives. |  |',
      '| `count` | `number` | 3 | A number. | as many as toys |',
    ]);
  });

  test('cannot be written while a prop has no comment, or a default no reason', () => {
    expect(() => new Props(source, links).tableOf('BadToy', propsOf('BadToy'))).toThrow(
      'silent has no doc comment\ncount has no "@default value - why"',
    );
  });
});
