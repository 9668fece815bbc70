import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { writeFileAtomically } from '../files/atomic-write.js';

/** The file name of a cache's manifest. */
export const manifestFile = 'manifest.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.int().nonnegative();
const positive = z.int().positive();
const size = z.tuple([positive, positive]);
const triple = z.tuple([z.number(), z.number(), z.number()]);

const teacherSchema = z.strictObject({
  /** The file name of the model, for information. */
  file: z.string(),
  /** SHA-256 of the model, then of each external data file in graph order. */
  sha256: z.array(sha256).min(1),
  /** SHA-256 of the teacher card, for information; null without one. */
  cardSha256: sha256.nullable(),
  /** Top-1 accuracy in percent by the card, for information. */
  expectedTop1: z.number().nullable(),
  preprocessing: z.strictObject({
    layout: z.enum(['nchw', 'nhwc']),
    size,
    color: z.enum(['rgb', 'bgr']),
    scale: z.literal(['1/255', 1]),
    mean: triple,
    std: triple,
  }),
  /** The tensor with the logits, and whether it has probabilities instead. */
  logits: z.strictObject({ tensor: z.string(), probabilities: z.boolean() }),
});

const dataSchema = z.strictObject({
  kind: z.string(),
  split: z.enum(['train', 'validation', 'test']),
  pictures: positive,
  size,
  /** How images in files are resized when no crop is drawn; null for images in memory. */
  resize: z
    .strictObject({
      short: positive,
      interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']),
    })
    .nullable(),
  classes: z.array(z.string()),
  /** What was hashed of images in files; absent for images in memory. */
  digestOf: z.literal('contents').optional(),
  /** SHA-256 of the images; see `imageDigest`. */
  sha256,
});

const viewsSchema = z.strictObject({
  augmentation: z.record(z.string(), z.unknown()),
  viewSeed: whole,
  count: positive,
});

const tapSchema = z.strictObject({
  name: z.string(),
  tensor: z.string(),
  level: positive,
  shape: z.tuple([positive, positive, positive]),
});

const contentsSchema = z.strictObject({
  dtype: z.enum(['float16', 'float32']),
  classes: positive,
  topK: positive.nullable(),
  maps: z.enum(['features', 'attention']),
  taps: z.array(tapSchema),
});

const layoutSchema = z.strictObject({ rowsPerBatch: positive, batchesPerPart: positive });

const fileSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+\.arrow$/),
  view: whole,
  /** Its first row in the view. */
  firstRow: whole,
  rows: positive,
  bytes: positive,
  sha256,
  /**
   * SHA-256 of the bytes after the last record batch: it finds a damaged footer without reading the whole
   * file.
   */
  footerSha256: sha256,
  /** The provider that ran the teacher. */
  provider: z.string(),
  /** Versions of this package, Node.js and ONNX Runtime. */
  versions: z.record(z.string(), z.string()),
});

const manifestSchema = z.strictObject({
  format: z.literal('bnn-distill-cache'),
  schema: z.literal(1),
  teachers: z.array(teacherSchema).min(1),
  data: dataSchema,
  views: viewsSchema,
  contents: contentsSchema,
  layout: layoutSchema,
  files: z.array(fileSchema),
});

/** The identity of a cache, and its complete files. */
export type Manifest = z.infer<typeof manifestSchema>;
/** A model whose answers a cache stores; an ensemble has several. */
export type TeacherIdentity = z.infer<typeof teacherSchema>;
/** The data set of a cache. */
export type DataIdentity = z.infer<typeof dataSchema>;
/** A complete file of a cache. */
export type CacheFile = z.infer<typeof fileSchema>;

/** What must be equal for two caches to be parts of one. */
export type CacheIdentity = Omit<Manifest, 'format' | 'schema' | 'files'>;

/** Writes the manifest as JSON. Its last key is the SHA-256 of the JSON without that key. */
export async function writeManifest(
  directory: string,
  identity: CacheIdentity,
  files: readonly CacheFile[],
): Promise<void> {
  const { teachers, data, views, contents, layout } = identity;
  const ordered = [...files].sort((a, b) => a.view - b.view || a.firstRow - b.firstRow);
  const manifest = {
    format: 'bnn-distill-cache',
    schema: 1,
    teachers,
    data,
    views,
    contents,
    layout,
    files: ordered,
  };
  const text = JSON.stringify({ ...manifest, sha256: digest(manifest) }, null, 2);
  await writeFileAtomically(join(directory, manifestFile), `${text}\n`);
}

/**
 * Reads the manifest of a cache.
 *
 * @returns undefined if the directory has none
 * @throws InputError if it is damaged or has another version
 */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = join(directory, manifestFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new InputError(`cannot read ${path}: ${message}.`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged(path, 'it is not JSON', error);
  }
  if (typeof json !== 'object' || json === null) throw damaged(path, 'it is not a JSON object');
  const { sha256: written, ...rest } = json as Record<string, unknown>;
  if (rest['format'] !== 'bnn-distill-cache') throw damaged(path, 'it is not the manifest of a cache');
  if (rest['schema'] !== 1)
    throw new InputError(
      `${path} has schema ${JSON.stringify(rest['schema'])}; this version reads schema 1.`,
    );
  if (written !== digest(rest)) throw damaged(path, 'its content does not have the SHA-256 at its end');
  const parsed = manifestSchema.safeParse(rest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(path, `${issue.path.join('.') || 'the top'}: ${issue.message}`, parsed.error);
  }
  return parsed.data;
}

/**
 * Reads the manifest of a cache.
 *
 * @throws InputError if the directory has none, it is damaged or has another version
 */
export async function requireManifest(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  if (manifest) return manifest;
  throw new InputError(`${directory} is not a cache: it has no ${manifestFile}.`, {
    fix: 'make one with `distill cache`',
  });
}

function damaged(path: string, why: string, cause?: unknown): InputError {
  return new InputError(`${path} is damaged: ${why}.`, {
    fix: 'restore it from a copy, or make the cache again',
    cause,
  });
}

function digest(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}
