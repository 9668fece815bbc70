import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { Downsample } from '../downsample.js';
import type { Scope } from '../parameters.js';
import type { BlockContext, BlockOptions, BlockSize } from './block.js';
import type { BlockBody, BlockDefinition } from './definition.js';
import { type FusedResidual, runFused } from './fused-residual.js';
import type { ChainedBlock, PreActivation } from './pre-activation.js';

/** The bodies of a block: one or, with a single skip, two in a row. */
export function bodiesOf(
  { make }: BlockDefinition,
  scope: Scope,
  size: BlockSize,
  options: BlockOptions,
): BlockBody[] {
  if (options.skip !== 'single') return [make(scope, size, options)];
  const second = { inputs: size.outputs, outputs: size.outputs, stride: 1 };
  return [make(scope.child('first'), size, options), make(scope.child('second'), second, options)];
}

/**
 * One or two bodies in a row under one shortcut: the identity, or {@link Downsample} where the shape changes.
 * In training each body runs as one operation if all of them can. Otherwise, and in evaluation, its forward
 * pass runs as it is written.
 */
export class SkippedBlock implements ChainedBlock {
  private readonly downsample: Downsample | undefined;
  /** The bodies, if each of them trains as one operation. */
  private readonly fused: readonly FusedResidual[] | undefined;

  /** @param size of all bodies together */
  constructor(
    private readonly bodies: readonly BlockBody[],
    scope: Scope,
    { inputs, outputs, stride }: BlockSize,
    options: BlockOptions,
  ) {
    const fused = bodies.flatMap((body) => body.fused ?? []);
    if (fused.length === bodies.length) this.fused = fused;
    if (stride !== 1 || inputs !== outputs)
      this.downsample = new Downsample(scope.child('shortcut'), inputs, outputs, stride, options);
  }

  /** Where a shortcut or a second body reads the input once more, it must be activated. */
  get takesPreActivation(): boolean {
    return this.fused?.length === 1 && this.downsample === undefined;
  }

  run(input: PreActivation, { training }: BlockContext): PreActivation {
    return training && this.fused
      ? runFused(this.fused, input, this.downsample)
      : { map: this.composed(input.map, training), slope: undefined };
  }

  private composed(input: Tensor4D, training: boolean): Tensor4D {
    const shortcut = this.downsample?.apply(input, training);
    let x = input;
    for (const [i, body] of this.bodies.entries()) {
      const isLast = i === this.bodies.length - 1;
      const ctx = { training, shortcut: isLast ? (shortcut ?? input) : undefined };
      const y = tidy(() => body.forward(x, ctx));
      if (x !== input) x.dispose();
      x = y;
    }
    shortcut?.dispose();
    return x;
  }
}
