/** The attributes of the convolution kernels, as operations give them and backends take them. */

/** Stride and symmetric zero padding of a convolution, in positions, equal in both directions, and its groups. */
export interface ConvGeometry {
  readonly stride: number;
  readonly pad: number;
  /**
   * The channels of input and output fall into so many equal parts in order, and an output channel sees the input channels
   * of its own part alone, so that a filter is [kh, kw, C / groups, K] (Krizhevsky et al. 2012); default 1.
   */
  readonly groups?: number;
}

/** What the gradient kernels take beside the geometry: the size of what they give, [H, W] or [kh, kw]. */
export type BackwardAttributes = ConvGeometry & { readonly size: readonly [number, number] };

/** What `BinaryResidual` takes beside its inputs. */
export type ResidualAttributes = ConvGeometry & {
  readonly epsilon: number;
  /** Whether x is added; else the residual, where there is one. */
  readonly addsInput: boolean;
};

/** What `BinaryResidualGrad` takes beside its inputs. */
export type ResidualGradAttributes = Omit<ResidualAttributes, 'addsInput'> & {
  /** Whether x itself was the residual. */
  readonly addsDy: boolean;
};

/** What `DilatedConv2D` and `DilatedConv2DBackpropFilter` take. */
export interface DilatedAttributes {
  /** The distance between taps. */
  readonly dilation: number;
}
