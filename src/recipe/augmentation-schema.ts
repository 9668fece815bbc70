import { z } from 'zod';
import { autoAugmentNames } from '../data/view-effects.js';
import { mapOf, numberIn, oneOf, toggle, wholeNumber } from '../files/setting-types.js';

const range = z.tuple(
  [numberIn({ above: 0 }), numberIn({ above: 0 })],
  'expected the least and the greatest value',
);

/** What is done to training images: see `Augmentation`. */
export const augmentation = mapOf({
  crop: mapOf({ padding: wholeNumber(0).describe('Pixels on each side') })
    .nullable()
    .default(null)
    .describe('Of images in memory: pad with black, and cut out the original size at random'),
  resizedCrop: z
    .exactOptional(
      mapOf({
        scale: range.describe('The least and the greatest part of the area'),
        ratio: range.describe('The least and the greatest width / height'),
      }).nullable(),
    )
    .describe('Of images in files: cut out a random part, and resize it'),
  flip: toggle().default(false).describe('Mirror left to right with probability one half'),
  rotation: z
    .exactOptional(numberIn({ from: 0 }))
    .describe('Turn by a random angle of at most so many degrees to either side'),
  autoAugment: z.exactOptional(oneOf(autoAugmentNames)).describe('A published policy of AutoAugment'),
  colorJitter: z
    .exactOptional(
      mapOf({
        brightness: numberIn({ from: 0 }).describe('A factor uniform in 1 ± this value'),
        contrast: numberIn({ from: 0 }).describe('The same of contrast'),
        saturation: numberIn({ from: 0 }).describe('The same of saturation'),
        hue: numberIn({ from: 0 }).describe('A shift uniform in ± this value, in turns of the colour circle'),
      }).nullable(),
    )
    .describe('Change the colours, in random order'),
  lighting: z
    .exactOptional(numberIn({ from: 0 }))
    .describe('Standard deviation of PCA lighting on floats in [0, 1]'),
});
