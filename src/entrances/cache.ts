/**
 * `bnn-distill/cache`: a teacher's stored answers: making, reading, merging and verifying caches.
 */
export { CachedTeacher, type CachedTeacherOptions } from '../cache/cached-teacher.js';
export { CacheWriter, type PartOrigin } from '../cache/cache-writer.js';
export type { CacheContents } from '../cache/columns.js';
export { FillingTeacher } from '../cache/filling-teacher.js';
export { type Manifest, readManifest, type CacheIdentity, type CacheFile } from '../cache/manifest.js';
export { mergeCaches, type MergedCache } from '../cache/merge-caches.js';
export { type CacheChoices, newIdentity } from '../cache/new-identity.js';
export { orderedByIndex } from '../cache/ordered-rows.js';
export { type VerifiedCache, verifyCache } from '../cache/verify-cache.js';
export { writeCache, type WriteParts, type WriteProgress } from '../cache/write-cache.js';
export {
  type CacheEvent,
  type CacheSettings,
  type CacheSummary,
  defaultCacheSettings,
  makeCache,
} from '../run/make-cache.js';
export type { CacheFormat, PartPlan, PartEnvelope } from '../cache/cache-format.js';
export type { PartFile } from '../cache/part-file.js';
export type { Column, NumberType } from '../cache/column.js';
export type { ViewColumn } from '../cache/view-columns.js';
export type { PartLayout, PartShape, BodyLayout } from '../cache/part-layout.js';
