import {
  engine,
  getBackend,
  getKernel,
  type KernelConfig,
  type NamedAttrMap,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core';

/** The named inputs of a kernel. */
export type KernelInputs = Record<string, Tensor>;

/**
 * A kernel with a composed definition. A backend that registered a kernel of this name, as the native one
 * does, runs that. Every other backend runs the definition in stock operations, which the kernel must equal
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
  // Looking a kernel up takes as long as a small kernel.
  let known: { readonly backend: string; readonly kernel: KernelConfig } | undefined;
  return (inputs, attributes) => {
    const backendName = getBackend();
    if (known?.backend !== backendName) {
      const found = getKernel(name, backendName);
      known = found && { backend: backendName, kernel: found };
    }
    const kernel = known?.kernel;
    if (!kernel) return tidy(() => definition(inputs, attributes));
    const attrs = attributes as unknown as NamedAttrMap;
    if (isRecording()) return engine().runKernel<Outputs>(name, inputs, attrs);
    // Off the tape the engine has nothing to keep of a kernel, and its bookkeeping takes longer than a small
    // kernel.
    const made = kernel.kernelFunc({ inputs, attrs, backend: engine().backend });
    return (Array.isArray(made) ? made.map(asTensor) : asTensor(made)) as Outputs;
  };
}

function asTensor(info: TensorInfo): Tensor {
  return engine().makeTensorFromTensorInfo(info);
}

/** Whether an operation that runs now is recorded on the gradient tape. */
export function isRecording(): boolean {
  const { gradientDepth, kernelDepth } = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
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
