import { engine, keep, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { type BackwardContext, sharedGradients } from './backward-context.js';
import { isRecording, untaped } from './kernel.js';

/** The value of an operation and what its backward pass needs. */
export interface Forward<Y extends Tensor> {
  readonly value: Y;
  /** Tensors that the backward pass needs; they stay alive until it has run. */
  readonly saved: Tensor[];
  /**
   * From the upstream gradient and the saved tensors to the gradient of each input, in the order of the
   * inputs.
   */
  readonly gradients: (dy: Y, saved: Tensor[], ctx: BackwardContext) => Tensor[];
}

/** The values of an operation with several results, and what its backward pass needs. */
export interface ForwardParts {
  readonly values: Tensor[];
  /** As in {@link Forward}. */
  readonly saved: Tensor[];
  /**
   * As in {@link Forward}, from an upstream gradient for each value; zeros for a value that nothing depends
   * on.
   */
  readonly gradients: (dys: Tensor[], saved: Tensor[], ctx: BackwardContext) => Tensor[];
}

/** An upstream gradient for each result of an operation; undefined for a result that nothing depends on. */
export type UpstreamGradients = readonly (Tensor | undefined)[];

/** An operation on the tape of the engine. */
export interface TapeNode {
  readonly id: number;
  readonly kernelName: string;
  /** By name. {@link differentiable} names its inputs 0, 1, … in their order. */
  readonly inputs: Record<string, Tensor>;
  readonly outputs: Tensor[];
  readonly saved?: Tensor[];
  /** How TensorFlow.js asks for gradients: by the names of the inputs. */
  readonly gradient?: (dys: UpstreamGradients) => Record<string, () => Tensor>;
  /**
   * How `backpropagate` asks for them: in the order of the inputs. Only operations of {@link differentiable}
   * have it.
   */
  readonly backward?: (dys: UpstreamGradients, ctx: BackwardContext) => Tensor[];
}

/**
 * Runs `forward` off the tape and records it as one operation with the gradient that it states. Tensors that
 * `forward` uses but that are not among `inputs` are constants. Gradients are of first order: differentiating
 * them again treats what was saved as constant.
 *
 * It does what `customGrad` does, without the kernel call and the scope that `customGrad` spends on each
 * saved tensor. Its gradient functions also get a {@link BackwardContext}.
 */
export function differentiable<Y extends Tensor>(inputs: readonly Tensor[], forward: () => Forward<Y>): Y {
  const [value] = differentiableParts(inputs, () => {
    const { value: only, saved, gradients } = forward();
    return { values: [only], saved, gradients: ([dy], kept, ctx) => gradients(dy as Y, kept, ctx) };
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
  const backward = (dys: UpstreamGradients, ctx: BackwardContext): Tensor[] =>
    gradients(
      dys.map((dy, i) => dy ?? zeros(values[i].shape)),
      saved,
      ctx,
    );
  record({
    kernelName: 'differentiable',
    inputs: Object.fromEntries(inputs.map((input, i) => [i, input])),
    outputs: values,
    saved,
    gradient: (dys) =>
      Object.fromEntries(backward(dys, sharedGradients).map((gradient, i) => [i, () => gradient])),
    backward,
  });
  return values;
}

/** Puts an operation on the engine's tape. The engine's own method has no place for `backward`. */
function record(node: Omit<TapeNode, 'id'>): void {
  const { state } = engine();
  (state.activeTape as unknown as TapeNode[]).push({ id: state.nextTapeNodeId++, ...node });
}

/** A tensor of the same memory that lives until it is disposed of. */
function anotherReference({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend } = engine();
  backend.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }));
}
