/** The operations of AutoAugment, with the names of the paper in lower camel case. */
export type OperationName =
  | 'shearX'
  | 'shearY'
  | 'translateX'
  | 'translateY'
  | 'rotate'
  | 'autocontrast'
  | 'invert'
  | 'equalize'
  | 'solarize'
  | 'posterize'
  | 'contrast'
  | 'color'
  | 'brightness'
  | 'sharpness';

/** An operation, the probability that it is applied, and its magnitude from 0 to 9 (0 if it has none). */
export type PolicyStep = readonly [operation: OperationName, probability: number, magnitude: number];

/** Two operations that are applied in turn. */
export type SubPolicy = readonly [PolicyStep, PolicyStep];

/** Names of the published policies. */
export type PolicyName = 'cifar10' | 'imagenet';

// prettier-ignore
/**
 * The policies of Cubuk, Zoph, Mané, Vasudevan, Le, "AutoAugment: Learning Augmentation Policies from Data",
 * CVPR 2019, tables 7 and 9 of the appendix: 25 sub-policies each.
 */
export const policies: Readonly<Record<PolicyName, readonly SubPolicy[]>> = {
  cifar10: [
    [['invert', 0.1, 0], ['contrast', 0.2, 6]],
    [['rotate', 0.7, 2], ['translateX', 0.3, 9]],
    [['sharpness', 0.8, 1], ['sharpness', 0.9, 3]],
    [['shearY', 0.5, 8], ['translateY', 0.7, 9]],
    [['autocontrast', 0.5, 0], ['equalize', 0.9, 0]],
    [['shearY', 0.2, 7], ['posterize', 0.3, 7]],
    [['color', 0.4, 3], ['brightness', 0.6, 7]],
    [['sharpness', 0.3, 9], ['brightness', 0.7, 9]],
    [['equalize', 0.6, 0], ['equalize', 0.5, 0]],
    [['contrast', 0.6, 7], ['sharpness', 0.6, 5]],
    [['color', 0.7, 7], ['translateX', 0.5, 8]],
    [['equalize', 0.3, 0], ['autocontrast', 0.4, 0]],
    [['translateY', 0.4, 3], ['sharpness', 0.2, 6]],
    [['brightness', 0.9, 6], ['color', 0.2, 8]],
    [['solarize', 0.5, 2], ['invert', 0, 0]],
    [['equalize', 0.2, 0], ['autocontrast', 0.6, 0]],
    [['equalize', 0.2, 0], ['equalize', 0.6, 0]],
    [['color', 0.9, 9], ['equalize', 0.6, 0]],
    [['autocontrast', 0.8, 0], ['solarize', 0.2, 8]],
    [['brightness', 0.1, 3], ['color', 0.7, 0]],
    [['solarize', 0.4, 5], ['autocontrast', 0.9, 0]],
    [['translateY', 0.9, 9], ['translateY', 0.7, 9]],
    [['autocontrast', 0.9, 0], ['solarize', 0.8, 3]],
    [['equalize', 0.8, 0], ['invert', 0.1, 0]],
    [['translateY', 0.7, 9], ['autocontrast', 0.9, 0]],
  ],
  imagenet: [
    [['posterize', 0.4, 8], ['rotate', 0.6, 9]],
    [['solarize', 0.6, 5], ['autocontrast', 0.6, 0]],
    [['equalize', 0.8, 0], ['equalize', 0.6, 0]],
    [['posterize', 0.6, 7], ['posterize', 0.6, 6]],
    [['equalize', 0.4, 0], ['solarize', 0.2, 4]],
    [['equalize', 0.4, 0], ['rotate', 0.8, 8]],
    [['solarize', 0.6, 3], ['equalize', 0.6, 0]],
    [['posterize', 0.8, 5], ['equalize', 1, 0]],
    [['rotate', 0.2, 3], ['solarize', 0.6, 8]],
    [['equalize', 0.6, 0], ['posterize', 0.4, 6]],
    [['rotate', 0.8, 8], ['color', 0.4, 0]],
    [['rotate', 0.4, 9], ['equalize', 0.6, 0]],
    [['equalize', 0, 0], ['equalize', 0.8, 0]],
    [['invert', 0.6, 0], ['equalize', 1, 0]],
    [['color', 0.6, 4], ['contrast', 1, 8]],
    [['rotate', 0.8, 8], ['color', 1, 2]],
    [['color', 0.8, 8], ['solarize', 0.8, 7]],
    [['sharpness', 0.4, 7], ['invert', 0.6, 0]],
    [['shearX', 0.6, 5], ['equalize', 1, 0]],
    [['color', 0.4, 0], ['equalize', 0.6, 0]],
    [['equalize', 0.4, 0], ['solarize', 0.2, 4]],
    [['solarize', 0.6, 5], ['autocontrast', 0.6, 0]],
    [['invert', 0.6, 0], ['equalize', 1, 0]],
    [['color', 0.6, 4], ['contrast', 1, 8]],
    [['equalize', 0.8, 0], ['equalize', 0.6, 0]],
  ],
};
