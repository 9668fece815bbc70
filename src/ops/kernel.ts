import { engine, getBackend, getKernel, type NamedAttrMap, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** The named inputs of a kernel. */
export type KernelInputs = Record<string, Tensor>;

/**
 * A kernel with a composed definition: on a backend that registered a kernel of this name (the native one) that runs;
 * on every other backend the definition does, which is written with stock operations and is what the kernel must equal
 * to float rounding.
 */
export interface ComposedKernel<Attributes extends object, Outputs extends Tensor | Tensor[]> {
  (inputs: KernelInputs, attributes: Attributes): Outputs;
}

/** Defines the kernel `name` by its composition. */
export function composedKernel<Attributes extends object, Outputs extends Tensor | Tensor[]>(
  name: string,
  definition: (inputs: KernelInputs, attributes: Attributes) => Outputs,
): ComposedKernel<Attributes, Outputs> {
  return (inputs, attributes) => {
    if (getKernel(name, getBackend())) {
      return engine().runKernel<Outputs>(name, inputs, attributes as unknown as NamedAttrMap);
    }
    return tidy(() => definition(inputs, attributes));
  };
}

/** Runs `body` without recording it on the gradient tape. */
export function untaped<Result>(body: () => Result): Result {
  const { state } = engine();
  state.kernelDepth++;
  try {
    return body();
  } finally {
    state.kernelDepth--;
  }
}
