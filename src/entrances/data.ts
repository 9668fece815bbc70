/**
 * `bnn-distill/data`: data sets, views of images (augmentation, mixing), batches in the background, and kinds of data of
 * one's own.
 */
export type { Batch } from '../data/batch.js';
export {
  type Augmentation,
  checkAugmentation,
  cropAndFlip,
  drawAugmentation,
  noAugmentation,
  resizedCropAndFlip,
  trainingAugmentation,
  type ViewParameters,
} from '../data/augmentation.js';
export {
  type OperationName,
  policies,
  type PolicyName,
  type PolicyStep,
  type SubPolicy,
} from '../data/augmentation-policies.js';
export {
  applyOperation,
  applyPolicy,
  type DrawnPolicy,
  drawPolicy,
  operationValue,
} from '../data/auto-augment.js';
export { type Batches, batchesOf, type BatchOptions, makeBatch, viewBatch } from '../data/batches.js';
export { type EvaluationBatches, evaluationBatches } from '../data/evaluation-batches.js';
export {
  applyJitter,
  type ColorJitter,
  type DrawnJitter,
  drawJitter,
  imagenetJitter,
  shiftHue,
} from '../data/color-jitter.js';
export { type DataKind, loadDataset, registerDataKind } from '../data/data-spec.js';
export {
  type Dataset,
  type FileDataset,
  firstRows,
  type ImageResize,
  type PixelDataset,
  resizedTo,
  type Split,
  withTestResize,
  type DatasetFacts,
} from '../data/dataset.js';
export { type LoadDataOptions, loadImageFolder } from '../data/image-folder.js';
export { addLighting, drawLighting, lightingShift } from '../data/lighting.js';
export {
  type Box,
  checkMix,
  drawMixing,
  type Mixing,
  type MixPlace,
  type MixSettings,
  noMix,
} from '../data/mix.js';
export { rotateBilinear, type ImageSize } from '../data/image-geometry.js';
export type { ImageFiles } from '../data/image-files.js';
export { drawResizedCrop, inceptionCrop, type ResizedCrop, type Window } from '../data/resized-crop.js';
export { type Purpose, purposes, RandomStream, type StreamKey } from '../data/random.js';
export {
  type AutoAugmentName,
  autoAugmentNames,
  type DrawnEffects,
  type Effects,
} from '../data/view-effects.js';
export type { Images } from '../data/make-batch.js';
export type { ImagesInFiles } from '../data/file-batch.js';
export { mixBatch } from '../data/mix-batch.js';
