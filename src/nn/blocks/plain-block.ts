import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { InputError } from '../../errors.js';
import type { Block, BlockSize } from './block.js';
import type { ChainedBlock } from './pre-activation.js';

/**
 * A block that has only a forward pass, as a network runs it: its input is activated, tensors made on the way
 * are disposed of, and its output is checked.
 *
 * @param name of the block, for an error
 */
export function chainedPlain(name: string, block: Block, size: BlockSize): ChainedBlock {
  return {
    takesPreActivation: false,
    run: ({ map }, ctx) => {
      const y = tidy(() => block.forward(map, ctx));
      checkOutput(name, map, y, size);
      // The network disposes of input and output separately.
      return { map: y === map ? y.clone() : y, slope: undefined };
    },
  };
}

function checkOutput(
  name: string,
  x: Tensor4D,
  y: Tensor4D | undefined,
  { outputs, stride }: BlockSize,
): void {
  const [h, w, n] = x.shape;
  const wanted = [Math.ceil(h / stride), Math.ceil(w / stride), n, outputs];
  if (y?.shape?.join() === wanted.join()) return;
  throw new InputError(
    `the block '${name}' must give a map [${wanted.join(', ')}] for an input [${x.shape.join(', ')}], got ${y?.shape ? `[${y.shape.join(', ')}]` : String(y)}.`,
  );
}
