import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { InputError, RunError } from '../../src/errors.js';

/** This checkout. */
export const thisCheckout = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A bench of a checkout, this one or another, that runs in processes of its own with the addon of its checkout. Only the
 * program's arguments and what it prints must be the same in both: the bench is bundled with the sources of its checkout
 * and their packages.
 */
export class CheckoutBench {
  readonly #folder: string;
  readonly #file: string;
  readonly #addon: string;

  /**
   * @param checkout its root
   * @param program the bench's name without .ts
   * @throws InputError where the checkout has no such bench or is not built
   */
  constructor(
    checkout: string,
    private readonly program: string,
  ) {
    const root = resolve(checkout);
    const source = join(root, 'bench', `${program}.ts`);
    this.#addon = join(root, 'native', 'build', 'bnn_distill.node');
    if (!existsSync(source))
      throw new InputError(`'${checkout}' is no checkout of bnn-distill: it has no bench/${program}.ts.`);
    for (const part of [this.#addon, join(root, 'node_modules')])
      if (!existsSync(part))
        throw new InputError(`the checkout '${checkout}' is not built: ${part} is missing.`, {
          fix: 'run there: npm ci && npm run build',
        });
    this.#folder = mkdtempSync(join(tmpdir(), 'bnn-distill-bench-'));
    this.#file = join(this.#folder, `${program}.mjs`);
    // The packages that are not bundled are those of the checkout.
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
    buildSync({
      entryPoints: [source],
      outfile: this.#file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
  }

  /**
   * Runs the bench once and reads the JSON object that it prints.
   *
   * @throws RunError when it fails, with the last lines that it wrote to stderr
   */
  run<Figures>(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Figures {
    try {
      const printed = execFileSync(process.execPath, [this.#file, ...args], {
        env: { ...env, BNN_DISTILL_ADDON: this.#addon },
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return JSON.parse(printed) as Figures;
    } catch (error) {
      const written = ((error as { stderr?: string }).stderr ?? '').trim();
      const why = written === '' ? String(error) : written.split('\n').slice(-3).join('\n');
      throw new RunError(`bench/${this.program}.ts ${args.join(' ')} failed: ${why}`, { cause: error });
    }
  }

  /** Removes the bundle. */
  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
