import { availableParallelism } from 'node:os';
import { noMix } from '../data/mix.js';
import { knownLosses } from '../losses/loss-settings.js';
import { defaultActivation } from '../models/resnet.js';
import { defaultStructure } from '../models/structure.js';
import { defaultMomentum } from '../nn/batch-norm.js';
import type { LossTermSettings, Recipe, Stage } from './recipe.js';

/** The loss terms of a first stage that names none. */
export function defaultLossTerms(): Readonly<Record<string, LossTermSettings>> {
  return Object.fromEntries(knownLosses().map(({ name, weight, options }) => [name, { weight, ...options }]));
}

/** What a stage has unless it, or a stage before it, says otherwise. */
export const defaultStage = {
  name: 'main',
  epochs: 10,
  batchSize: 64,
  binary: 'both',
  signGradient: 'ste',
  activation: defaultActivation,
  initFrom: 'random',
  teacher: null,
  cache: null,
  views: null,
  generations: 1,
  optimizer: { name: 'adam', lr: 2e-3, weightDecay: 0, clipLatent: false },
  schedule: { name: 'cosine', per: 'step' },
  gradient: { centralise: false, clipNorm: null, accumulate: 1 },
  average: null,
  reestimateBatchNorm: 0,
  losses: defaultLossTerms(),
  augmentation: null,
  mix: noMix,
  statistics: { every: 0 },
} as const satisfies Stage;

/** What a recipe has unless it says otherwise. Data and student have no default. */
export const defaultRecipe = {
  description: '',
  reference: '',
  published: '',
  measured: '',
  data: '',
  skipCorrupt: false,
  testResize: null,
  student: { name: '', ...defaultStructure, batchNorm: { momentum: defaultMomentum } },
  imports: [],
  mean: null,
  std: null,
  seed: 0,
  viewSeed: 0,
  threads: availableParallelism(),
  provider: 'cpu',
  backend: 'native',
  stages: [defaultStage],
} as const satisfies Recipe;
