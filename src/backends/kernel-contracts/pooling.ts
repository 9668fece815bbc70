/** The attributes of the pooling kernels, as operations give them and backends take them. */

/** Window, stride and symmetric padding of a pooling, in positions, equal in both directions. */
export interface PoolGeometry {
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
}

/** Average pooling: whether padding counts in the divisor (PyTorch's default) or only valid positions do. */
export interface AveragePoolGeometry extends PoolGeometry {
  readonly countPadding: boolean;
  /** Whether a last window that reaches over the end counts too, with its part inside; default false. Without padding only. */
  readonly ceil?: boolean;
}

/** What `PositionMajorAveragePoolGrad` takes: the size of the input too. */
export type AverageGradAttributes = AveragePoolGeometry & { readonly size: readonly [number, number] };

/** The number of windows along a side. */
export function windowsAlong(
  length: number,
  { window, stride, pad: size }: PoolGeometry,
  ceil = false,
): number {
  return (ceil ? Math.ceil : Math.floor)((length + 2 * size - window) / stride) + 1;
}

/** How far the last window reaches over the padded end. */
export function reachBeyond(
  length: number,
  geometry: PoolGeometry & { readonly ceil?: boolean | undefined },
): number {
  const { window, stride, pad: size, ceil = false } = geometry;
  return Math.max(0, (windowsAlong(length, geometry, ceil) - 1) * stride + window - (length + 2 * size));
}
