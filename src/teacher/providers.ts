import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';

/**
 * The providers with which ONNX Runtime runs a teacher. `auto` is the first of cuda, webgpu and cpu that
 * works.
 */
export const providerNames = ['auto', 'cpu', 'cuda', 'webgpu'] as const;
export type ProviderName = (typeof providerNames)[number];
/** A provider by its own name. */
export type Provider = Exclude<ProviderName, 'auto'>;

const automatic: readonly Provider[] = ['cuda', 'webgpu', 'cpu'];

/** A session with the provider that works. */
export interface Provided<Session> {
  readonly session: Session;
  readonly provider: Provider;
  /** Why the providers tried before do not work, one sentence each. */
  readonly misses: readonly string[];
}

/**
 * Makes a session with a provider.
 *
 * @param create makes the session, or throws
 * @param library path of the CUDA provider's library
 * @throws InputError if a provider other than the CPU is named and does not work here; whatever `create`
 *   throws on the CPU
 */
export async function withProvider<Session>(
  name: ProviderName,
  create: (provider: Provider) => Promise<Session>,
  library = cudaLibrary(),
): Promise<Provided<Session>> {
  const misses: string[] = [];
  for (const provider of name === 'auto' ? automatic : [name]) {
    try {
      if (provider === 'cuda' && !existsSync(library)) throw missingCuda();
      return { session: await create(provider), provider, misses };
    } catch (error) {
      if (provider === 'cpu') throw error;
      const refusal = error instanceof InputError ? error : unavailable(provider, error);
      if (name !== 'auto') throw refusal;
      misses.push(`${refusal.message}${refusal.fix === undefined ? '' : ` To have it: ${refusal.fix}.`}`);
    }
  }
  throw new Error('the CPU is always tried last');
}

/**
 * @param what is said of the text in a message: a flag or a field
 * @throws InputError unless the text names a provider
 */
export function providerOf(what: string, text: string): ProviderName {
  const found = providerNames.find((name) => name === text);
  if (found) return found;
  throw new InputError(`${what} must be one of ${providerNames.join(', ')}, got '${text}'.`, {
    nearest: nearestNames(text, providerNames),
  });
}

/** The error if the libraries of the provider cuda are not installed. */
export function missingCuda(): InputError {
  return new InputError(
    "the provider cuda cannot run here: ONNX Runtime's libraries for CUDA are not installed.",
    { fix: 'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12' },
  );
}

function unavailable(provider: Provider, cause: unknown): InputError {
  const text = cause instanceof Error ? cause.message : String(cause);
  // ONNX Runtime's message starts with a place in its source.
  const reason = text
    .replace(/\s+/g, ' ')
    .replace(/^.* was false\. /, '')
    .trim();
  return new InputError(`the provider ${provider} cannot run here: ${reason.replace(/\.$/, '')}.`, { cause });
}

/** The path of the CUDA provider's library, installed or not. */
export function cudaLibrary(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const folder = join(root, 'bin', 'napi-v6', process.platform, process.arch);
  return join(
    folder,
    process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so',
  );
}
