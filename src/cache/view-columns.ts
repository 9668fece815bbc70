import type { Augmentation, ViewParameters } from '../data/augmentation.js';
import type { Batch } from '../data/batch.js';
import { jitterSteps } from '../data/color-jitter.js';
import type { DrawnEffects } from '../data/view-effects.js';
import { type Column, type NumberType, single } from './column.js';

/** A column with a drawn parameter of the augmentation. */
export interface ViewColumn {
  readonly column: Column;
  /** The value for the n-th image of a batch, from its drawn parameters. */
  readonly valueOf: (drawn: ViewParameters, batch: Batch, n: number) => number;
}

/** The columns for the parameters that an augmentation draws. */
export function viewColumns(augmentation: Augmentation): ViewColumn[] {
  const { crop, resizedCrop, flip } = augmentation;
  const columns: ViewColumn[] = [];
  if (crop !== null) {
    columns.push(
      {
        column: single('offset_y', 'int16', 'pixels that the crop is moved down, in [-padding, padding]'),
        valueOf: ({ offsetY }) => offsetY,
      },
      {
        column: single('offset_x', 'int16', 'pixels that the crop is moved right, in [-padding, padding]'),
        valueOf: ({ offsetX }) => offsetX,
      },
    );
  }
  if (resizedCrop) {
    ['left', 'top', 'width', 'height'].forEach((side, at) =>
      columns.push({
        column: single(
          `crop_${side}`,
          'uint32',
          `${side} of the part that is shown, in pixels of the picture`,
        ),
        valueOf: (_, { windows }, n) => windows![4 * n + at],
      }),
    );
  }
  if (flip) {
    columns.push({
      column: single('flip', 'uint8', '1: mirrored left to right after the crop; 0: not'),
      valueOf: ({ flip: mirrored }) => (mirrored ? 1 : 0),
    });
  }
  return [...columns, ...effectColumns(augmentation)];
}

/** The columns for effects. Float32 loses nothing, since the values are applied as float32. */
function effectColumns({
  rotation = 0,
  autoAugment = 'none',
  colorJitter = null,
  lighting = 0,
}: Augmentation): ViewColumn[] {
  const columns: ViewColumn[] = [];
  const add = (
    name: string,
    type: NumberType,
    description: string,
    valueOf: (drawn: DrawnEffects) => number,
  ): void => {
    columns.push({
      column: single(name, type, description),
      valueOf: ({ effects }) => valueOf(effects!),
    });
  };
  if (rotation > 0)
    add('rotation', 'float32', 'degrees, counter-clockwise, after crop and flip', (drawn) => drawn.rotation!);
  if (autoAugment !== 'none') {
    add(
      'auto_policy',
      'uint8',
      `number of the sub-policy of AutoAugment's policy ${autoAugment}, from 0`,
      ({ policy }) => policy!.subPolicy,
    );
    add(
      'auto_steps',
      'uint8',
      'bits: 1 the first operation is applied, 2 the second; 4 the magnitude of the first is negative, 8 of the second',
      ({ policy: drawn }) =>
        [...drawn!.applied, ...drawn!.negative].reduce((bits, isSet, at) => bits + (isSet ? 2 ** at : 0), 0),
    );
  }
  if (colorJitter) {
    add(
      'jitter_order',
      'uint16',
      `the order of ${jitterSteps.map((step, at) => `${at} ${step}`).join(', ')} as decimal digits, the first in the thousands`,
      ({ jitter }) => jitter!.order.reduce((digits, step) => 10 * digits + step, 0),
    );
    for (const step of jitterSteps)
      add(
        `jitter_${step}`,
        'float32',
        step === 'hue' ? 'turns of the colour circle' : `factor of the ${step}`,
        ({ jitter }) => jitter![step],
      );
  }
  if (lighting > 0)
    [0, 1, 2].forEach((at) => {
      add(
        `lighting_${at + 1}`,
        'float32',
        `alpha of principal component ${at + 1} of the colours of ImageNet`,
        ({ lighting: alpha }) => alpha![at],
      );
    });
  return columns;
}
