import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type OperationName,
  policies,
  type PolicyName,
} from '../../src/data/augmentation-policies.js';
import { applyOperation, applyPolicy, drawPolicy, operationValue } from '../../src/data/auto-augment.js';
import { rotateBilinear } from '../../src/data/image-geometry.js';
import { RandomStream } from '../../src/data/random.js';
import { randomBytes } from './images.js';

interface Golden {
  readonly pillow: string;
  readonly pictures: readonly { readonly size: readonly [number, number]; readonly bytes: string }[];
  readonly cases: readonly {
    readonly picture: number;
    readonly operation: OperationName;
    readonly value: number;
    readonly bytes: string;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/pil/operations.json', import.meta.url), 'utf8'),
) as Golden;
const decode = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const names: readonly OperationName[] = [
  ...['shearX', 'shearY', 'translateX', 'translateY', 'rotate', 'autocontrast', 'invert', 'equalize'],
  ...['solarize', 'posterize', 'contrast', 'color', 'brightness', 'sharpness'],
] as OperationName[];

describe('an operation of AutoAugment', () => {
  it('is among the golden cases, each of them', () => {
    expect(new Set(golden.cases.map(({ operation }) => operation))).toEqual(new Set(names));
  });

  it.each(golden.cases)('equals Pillow: $operation $value of image $picture', (wanted) => {
    const { size, bytes } = golden.pictures[wanted.picture];
    const image = decode(bytes);
    applyOperation(image, size, wanted.operation, wanted.value);
    expect(image).toEqual(decode(wanted.bytes));
  });

  const identity: readonly [OperationName, number][] = [
    ['solarize', 256],
    ['posterize', 8],
    ['translateX', 0],
  ];
  it.each(names.filter((name) => !identity.some(([other]) => other === name)))('%s changes an image', (name) => {
    const image = decode(golden.pictures[1].bytes);
    applyOperation(image, [24, 24], name, operationValue(name, 7, false, [24, 24]));
    expect(image).not.toEqual(decode(golden.pictures[1].bytes));
  });

  it.each(identity)('%s leaves an image as it is at %d', (name, value) => {
    const image = randomBytes(48);
    applyOperation(image, [4, 4], name, value);
    expect(image).toEqual(randomBytes(48));
  });

  it('equalises an image of one value, of few pixels and of the greatest step', () => {
    for (const count of [1, 3, 254]) {
      const image = new Uint8Array(3 * count).fill(7);
      applyOperation(image, [1, count], 'equalize', 0);
      expect(image).toEqual(new Uint8Array(3 * count).fill(7));
    }
    // 509 pixels of 3 and one of 9: step 1, so that 9 would become 509.
    const image = new Uint8Array(3 * 510).fill(3).fill(9, 0, 3);
    applyOperation(image, [1, 510], 'equalize', 0);
    expect([image[0], image[3]]).toEqual([255, 0]);
  });
});

describe('magnitudes', () => {
  it.each<[OperationName, readonly number[]]>([
    ['shearX', [0, 0.1, 0.3]],
    ['shearY', [0, 0.1, 0.3]],
    // 150 of 331 pixels are 14.5 of 32 and 9.06 of 20.
    ['translateX', [0, 3, 9]],
    ['translateY', [0, 4, 14]],
    ['rotate', [0, 10, 30]],
    ['solarize', [256, 256 * (2 / 3), 0]],
    ['posterize', [8, 7, 4]],
    ['contrast', [1, 1.3, 1.9]],
    ['color', [1, 1.3, 1.9]],
    ['brightness', [1, 1.3, 1.9]],
    ['sharpness', [1, 1.3, 1.9]],
  ])('of %s are %j at 0, 3 and 9', (name, values) => {
    [0, 3, 9].forEach((magnitude, at) => {
      expect(operationValue(name, magnitude, false, [32, 20])).toBeCloseTo(values[at], 12);
    });
  });

  it.each(['shearX', 'translateY', 'rotate'] as const)('of %s may be negative', (name) => {
    expect(operationValue(name, 9, true, [32, 20])).toBe(-operationValue(name, 9, false, [32, 20]));
  });

  it.each(['contrast', 'color', 'brightness', 'sharpness'] as const)('of %s may go down to 0.1', (name) => {
    expect(operationValue(name, 9, true, [32, 20])).toBeCloseTo(0.1, 12);
  });
});

describe.each<PolicyName>(['cifar10', 'imagenet'])('the policy %s', (name) => {
  const drawn = Array.from({ length: 10_000 }, (_, index) =>
    drawPolicy(name, new RandomStream({ seed: 1, index, purpose: 8 })),
  );

  it('has 25 sub-policies of known operations', () => {
    expect(policies[name]).toHaveLength(25);
    for (const steps of policies[name])
      for (const [operation, probability, magnitude] of steps) {
        expect(names).toContain(operation);
        expect(probability >= 0 && probability <= 1).toBe(true);
        expect(Number.isInteger(magnitude) && magnitude >= 0 && magnitude <= 9).toBe(true);
      }
  });

  it('takes each as often, and its operations as often as their probabilities say', () => {
    for (let subPolicy = 0; subPolicy < 25; subPolicy++) {
      const those = drawn.filter((one) => one.subPolicy === subPolicy);
      // 400 ± 5 standard deviations.
      expect(Math.abs(those.length - 400)).toBeLessThan(98);
      policies[name][subPolicy].forEach(([, probability], at) => {
        const share = those.filter(({ applied }) => applied[at]).length / those.length;
        const deviation = Math.sqrt((probability * (1 - probability)) / those.length);
        expect(Math.abs(share - probability)).toBeLessThanOrEqual(5 * deviation);
        const negative = those.filter((one) => one.negative[at]).length / those.length;
        expect(Math.abs(negative - 0.5)).toBeLessThan(2.5 / Math.sqrt(those.length));
      });
    }
  });

  it('applies the operations that were drawn, in their order', () => {
    const size = [24, 24] as const;
    policies[name].forEach((steps, subPolicy) => {
      for (const applied of [[true, true], [true, false], [false, true], [false, false]] as const) {
        const negative = [false, true] as const;
        const expected = decode(golden.pictures[1].bytes);
        steps.forEach(([operation, , magnitude], at) => {
          if (applied[at])
            applyOperation(expected, size, operation, operationValue(operation, magnitude, negative[at], size));
        });
        const actual = decode(golden.pictures[1].bytes);
        applyPolicy(actual, size, name, { subPolicy, applied, negative });
        expect(actual).toEqual(expected);
      }
    });
  });
});

describe('rotateBilinear', () => {
  /** The slow, obvious way: every pixel of the source spreads a tent of width 1 about its place. */
  function byTents(source: Uint8Array, [height, width]: readonly [number, number], degrees: number): number[] {
    const angle = (degrees / 180) * Math.PI;
    const out: number[] = [];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        // Complex numbers, y upwards: the point that comes here lies back by the angle.
        const right = x - (width - 1) / 2;
        const up = (height - 1) / 2 - y;
        const fromX = right * Math.cos(-angle) - up * Math.sin(-angle) + (width - 1) / 2;
        const fromY = (height - 1) / 2 - (right * Math.sin(-angle) + up * Math.cos(-angle));
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          for (let v = 0; v < height; v++)
            for (let u = 0; u < width; u++)
              sum +=
                source[3 * (v * width + u) + channel] *
                Math.max(0, 1 - Math.abs(fromX - u)) *
                Math.max(0, 1 - Math.abs(fromY - v));
          out.push(sum);
        }
      }
    return out;
  }

  it.each([
    [[6, 9], 15],
    [[9, 6], -7.3],
    [[8, 8], 90],
    [[7, 7], 45],
    [[5, 4], 180],
  ] as const)('equals a sum of tents for images of %j and %d degrees', (size, degrees) => {
    const source = randomBytes(size[0] * size[1] * 3);
    const turned = source.slice();
    rotateBilinear(turned, size, degrees);
    expect(turned).not.toEqual(source);
    byTents(source, size, degrees).forEach((value, at) => {
      expect(Math.abs(turned[at] - value)).toBeLessThanOrEqual(0.5 + 1e-9);
    });
  });

  it('moves what is to the right upwards', () => {
    const image = new Uint8Array(27);
    image[3 * 5] = 200;
    rotateBilinear(image, [3, 3], 90);
    expect(image.indexOf(200)).toBe(3);
  });
});
