/**
 * `bnn-distill/teacher`: what teachers are made of: ONNX models, their cards and taps, ensembles, threads, and the export
 * of a network as a teacher.
 */
export { type ExportedTeacher, exportTeacher, type ExportSettings } from '../export/export-teacher.js';
export { loadCard, type TeacherCard, type CardInput } from '../teacher/card.js';
export { checkClasses } from '../teacher/classes.js';
export { describeModel, type ModelDescription } from '../teacher/describe-model.js';
export { EnsembleTeacher } from '../teacher/ensemble.js';
export { mixTargets } from '../teacher/mix-targets.js';
export { OnnxTeacher, type OnnxTeacherOptions } from '../teacher/onnx-teacher.js';
export type { Tap, TargetSource, TeacherTargets } from '../teacher/targets.js';
export type { ModelFacts, TeacherFacts } from '../teacher/teacher-facts.js';
export { TeacherThread } from '../teacher/teacher-thread.js';
export type { ProviderName } from '../teacher/providers.js';
export type { OnnxValue, OnnxDimension } from '../teacher/onnx-wire.js';
export type { ImageLayout, Normalisation as ImageNormalisation } from '../teacher/image-input.js';
export type { LogitsOutput } from '../teacher/logits-output.js';
export type { ModelTap } from '../teacher/taps.js';
export type { MapShape } from '../teacher/feature-map.js';
export { StudentTeacher } from '../teacher/student-teacher.js';
