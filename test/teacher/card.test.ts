import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { loadCard, parseCard } from '../../src/teacher/card.js';

const sum = 'a'.repeat(64);
const good = [
  'schema: 1', // line 1
  'file: m.onnx',
  `sha256: ${sum}`,
  'input:',
  '  layout: nchw', // line 5
  '  size: [32, 32]',
  '  mean: [0.5, 0.5, 0.5]',
  '  std: [0.2, 0.2, 0.2]',
  'classes: [cat, 7]', // line 9
  'taps:',
  '  - name: level1', // line 11
  '    tensor: t',
  '    level: 1',
];

/** The good card with one line replaced (and more lines where the replacement has them). */
function withLine(number: number, replacement: string): string {
  return good.map((line, index) => (index === number - 1 ? replacement : line)).join('\n');
}

function failure(text: string): InputError {
  try {
    parseCard(text, 'c.yaml');
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the card was accepted');
}

describe('parseCard', () => {
  it('fills in defaults and reads class names that look like numbers', () => {
    const card = parseCard(good.join('\n'), 'c.yaml');
    expect(card.input).toMatchObject({ color: 'rgb', scale: '1/255' });
    expect(card.classes).toEqual(['cat', '7']);
    expect(card.taps).toEqual([{ name: 'level1', tensor: 't', level: 1 }]);
    expect(parseCard(withLine(3, `sha256: [${sum}, ${sum}]`), 'c.yaml').sha256).toEqual([sum, sum]);
    expect(parseCard(withLine(5, '  layout: nhwc\n  scale: 1'), 'c.yaml').input.scale).toBe(1);
  });

  it.each([
    [
      'at the top',
      withLine(9, 'classes: [a, b]\nexpectedTop: 93'),
      'c.yaml:10:1: unknown key "expectedTop"',
      'expectedTop1',
    ],
    [
      'in the input',
      withLine(7, '  meen: [0.5, 0.5, 0.5]'),
      'c.yaml:7:3: unknown key "meen" in input',
      'mean',
    ],
    ['in a tap', withLine(12, '    tenser: t'), 'c.yaml:12:5: unknown key "tenser" in taps[0]', 'tensor'],
    [
      'in resize',
      withLine(8, '  std: [1, 1, 1]\n  resize: { shorter: 256, interpolation: bilinear, crop: 224 }'),
      'c.yaml:9:13: unknown key "shorter" in input.resize',
      'short',
    ],
    [
      'in outputs',
      withLine(9, 'classes: [a, b]\noutputs: { logit: y }'),
      'c.yaml:10:12: unknown key "logit" in outputs',
      'logits',
    ],
  ])('refuses an unknown key %s and names the nearest', (_, text, message, nearest) => {
    expect(failure(text).message).toBe(message);
    expect(failure(text).nearest).toContain(nearest);
  });

  it.each([
    [withLine(1, 'schema: 2'), 'c.yaml:1:9: `schema` is 2: expected 1, the only version of teacher cards'],
    [
      withLine(3, 'sha256: 12ab'),
      'c.yaml:3:9: `sha256` is "12ab": expected 64 lower-case hexadecimal digits',
    ],
    [withLine(5, '  layout: chw'), 'c.yaml:5:11: `input.layout` is "chw": expected nchw or nhwc'],
    [withLine(6, '  size: [32, 0]'), 'c.yaml:6:14: `input.size[1]` is 0: expected a whole number of pixels'],
    [
      withLine(7, '  mean: [0.5, 0.5]'),
      'c.yaml:7:9: `input.mean` is [0.5,0.5]: expected three numbers: the mean of each channel',
    ],
    [withLine(8, '  std: [0.2, 0, 0.2]'), 'c.yaml:8:14: `input.std[1]` is 0: expected a number above 0'],
    [withLine(8, '  scale: 1/256'), 'c.yaml:8:10: `input.scale` is "1/256": expected 1/255 or 1'],
    [
      withLine(7, '  # mean: fill in'),
      'c.yaml:5:3: `input.mean` is missing: expected three numbers: the mean of each channel',
    ],
    [withLine(9, 'licence: MIT'), 'c.yaml:1:1: `classes` is missing: expected a list of class names'],
    [withLine(9, 'classes: [cat]'), 'c.yaml:9:10: `classes` is ["cat"]: expected at least two class names'],
    [
      withLine(13, '    level: 1.5'),
      'c.yaml:13:12: `taps[0].level` is 1.5: expected a level, counted from 1',
    ],
    [
      withLine(9, 'classes: [a, b]\nexpectedTop1: 193'),
      'c.yaml:10:15: `expectedTop1` is 193: expected percent, 0 to 100',
    ],
    [
      'just a sentence',
      'c.yaml:1:1: `the file` is "just a sentence": expected a map of keys such as schema, file and input',
    ],
    [withLine(2, 'file: [m.onnx'), 'c.yaml:3:1: not valid YAML:'],
    [withLine(2, 'schema: 1'), 'c.yaml:2:1: not valid YAML: Map keys must be unique'],
  ])('names place, value and what was expected (%#)', (text, message) => {
    expect(failure(text).message).toContain(message);
    expect(failure(text).message).not.toContain('\n');
  });

  it('says that a card cannot be read', async () => {
    await expect(loadCard('nowhere/c.yaml')).rejects.toThrow(
      /^cannot read the teacher card nowhere\/c\.yaml: ENOENT/,
    );
  });
});
