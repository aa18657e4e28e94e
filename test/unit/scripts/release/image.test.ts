import { describe, expect, test } from '@jest/globals';
import { withImage } from '../../../../scripts/release/image.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const file = (image: string) => `config:
  key:
    # a comment
    image:
      repository: ghcr.io/owner/name
${image}
    targets:
      - name: postgresql
        tag: another
`;

describe('withImage', () => {
  test('replaces tag and digest and nothing else, comments included', () => {
    const old = file(`      tag: 0.1.0\n      # why\n      digest: sha256:${'0'.repeat(64)}`);
    expect(withImage(old, '0.2.0', digest)).toBe(
      file(`      tag: 0.2.0\n      # why\n      digest: ${digest}`),
    );
  });

  test('adds a digest where there is none', () => {
    expect(withImage(file('      tag: 0.1.0'), '0.2.0', digest)).toBe(
      file(`      tag: 0.2.0\n      digest: ${digest}`),
    );
  });

  test.each([
    ['what is no digest', file('      tag: 0.1.0'), 'sha256:abc', 'not a digest: sha256:abc'],
    ['a file without a tag', 'config: {}\n', digest, 'found no image.tag'],
  ])('refuses %s', (_, text, given, message) => {
    expect(() => withImage(text, '0.2.0', given)).toThrow(message);
  });
});
