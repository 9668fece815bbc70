/** The attributes of the attention kernels, as operations give them and backends take them. */

/** How a factor p of a position and one c of a channel become one: `product` p·c, `excitation` 1 + σ(p·c). */
export type FactorForm = 'product' | 'excitation';

/** What `FactoredGate` and its gradient take. */
export interface FactoredGateAttributes {
  readonly form: FactorForm;
}

/** What `MapPools` takes. */
export interface MapPoolsAttributes {
  readonly epsilon: number;
  /** Whether the channels are pooled too. */
  readonly withChannels: boolean;
}
