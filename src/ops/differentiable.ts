import { engine, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { isRecording, untaped } from './kernel.js';

/** The value of an operation and what its backward pass needs. */
export interface Forward<Y extends Tensor> {
  readonly value: Y;
  /** Tensors that the backward pass needs; they stay alive until it has run. */
  readonly saved: Tensor[];
  /** From the upstream gradient and the saved tensors to the gradient of each input, in the order of the inputs. */
  readonly gradients: (dy: Y, saved: Tensor[]) => Tensor[];
}

/** The part of TensorFlow.js's engine that records an operation; its types call it private. */
interface Tape {
  addTapeNode(
    name: string,
    inputs: Record<string, Tensor>,
    outputs: Tensor[],
    gradients: (dy: Tensor, saved: Tensor[]) => Record<string, () => Tensor>,
    saved: Tensor[],
    attributes: object,
  ): void;
}

/**
 * Runs `forward` off the tape and records it as one operation with the gradient that it states. Tensors that `forward`
 * uses but that are not among `inputs` are constants. The gradients are of first order: differentiating them again
 * treats what was saved as constant.
 *
 * It does what `customGrad` does, without the kernel call and the scope that `customGrad` spends on each saved tensor.
 */
export function differentiable<Y extends Tensor>(inputs: readonly Tensor[], forward: () => Forward<Y>): Y {
  if (!isRecording()) return untaped(() => tidy(() => forward().value));
  let saved: Tensor[] = [];
  let gradients: Forward<Y>['gradients'];
  const value = untaped(() =>
    tidy(() => {
      const made = forward();
      saved = made.saved.map(anotherReference);
      ({ gradients } = made);
      return made.value;
    }),
  );
  const named = Object.fromEntries(inputs.map((input, i) => [i, input]));
  (engine() as unknown as Tape).addTapeNode(
    'differentiable',
    named,
    [value],
    (dy, kept) => {
      const found = gradients(dy as Y, kept);
      return Object.fromEntries(found.map((gradient, i) => [i, () => gradient]));
    },
    saved,
    {},
  );
  return value;
}

/** A tensor of the same memory that lives until it is disposed of. */
function anotherReference({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend } = engine();
  backend.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }));
}
