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
    gradients: (dys: Tensor | Tensor[], saved: Tensor[]) => Record<string, () => Tensor>,
    saved: Tensor[],
    attributes: object,
  ): void;
}

/** The values of an operation with several results, and what its backward pass needs. */
export interface ForwardParts {
  readonly values: Tensor[];
  /** As in {@link Forward}. */
  readonly saved: Tensor[];
  /** As in {@link Forward}, from an upstream gradient for each value: zeros where nothing comes back to one. */
  readonly gradients: (dys: Tensor[], saved: Tensor[]) => Tensor[];
}

/**
 * Runs `forward` off the tape and records it as one operation with the gradient that it states. Tensors that `forward`
 * uses but that are not among `inputs` are constants. The gradients are of first order: differentiating them again
 * treats what was saved as constant.
 *
 * It does what `customGrad` does, without the kernel call and the scope that `customGrad` spends on each saved tensor.
 */
export function differentiable<Y extends Tensor>(inputs: readonly Tensor[], forward: () => Forward<Y>): Y {
  const [value] = differentiableParts(inputs, () => {
    const { value: only, saved, gradients } = forward();
    return { values: [only], saved, gradients: ([dy], kept) => gradients(dy as Y, kept) };
  });
  return value as Y;
}

/** {@link differentiable} for an operation with several results. */
export function differentiableParts(inputs: readonly Tensor[], forward: () => ForwardParts): Tensor[] {
  if (!isRecording()) return untaped(() => tidy(() => forward().values));
  let saved: Tensor[] = [];
  let gradients: ForwardParts['gradients'];
  const values = untaped(() =>
    tidy(() => {
      const made = forward();
      saved = made.saved.map(anotherReference);
      ({ gradients } = made);
      return made.values;
    }),
  );
  const named = Object.fromEntries(inputs.map((input, i) => [i, input]));
  (engine() as unknown as Tape).addTapeNode(
    'differentiable',
    named,
    values,
    (dys, kept) => {
      const found = gradients(Array.isArray(dys) ? dys : [dys], kept);
      return Object.fromEntries(found.map((gradient, i) => [i, () => gradient]));
    },
    saved,
    {},
  );
  return values;
}

/** A tensor of the same memory that lives until it is disposed of. */
function anotherReference({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend } = engine();
  backend.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }));
}
