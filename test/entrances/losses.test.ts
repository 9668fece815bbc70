import { runInNewContext } from 'node:vm';
import { build, type BuildResult } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './library.js';

/** A page's program, bundled as a browser would get it. */
const program = `
  import { tensor2d } from '@tensorflow/tfjs-core';
  import '@tensorflow/tfjs-backend-cpu';
  import { klDivergence } from './src/entrances/losses.js';
  const student = tensor2d([[0, 0], [Math.log(3), 0]]);
  const teacher = tensor2d([[Math.log(3), 0], [Math.log(3), 0]]);
  answer(klDivergence(student, teacher, { temperature: 1 }).dataSync());
`;

let bundle: BuildResult<{ metafile: true; write: false }>;

beforeAll(async () => {
  bundle = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
});

const importsOf = (file: string): string[] => bundle.metafile.inputs[file].imports.map(({ path }) => path);

/** The files of src/ that a file imports, itself included. */
function reachable(file: string, seen = new Set<string>()): string[] {
  if (file.startsWith('src/') && !seen.has(file)) {
    seen.add(file);
    for (const path of importsOf(file)) reachable(path, seen);
  }
  return [...seen];
}

describe('bnn-distill/losses in a browser bundle', () => {
  it('imports TensorFlow.js, and of this package neither backends nor anything that needs Node.js', () => {
    const files = reachable('src/entrances/losses.ts');
    const rooms = files.map((file) => file.split('/')[1]);
    expect(new Set(rooms)).toEqual(new Set(['entrances', 'losses', 'ops', 'errors.ts', 'nearest.ts']));
    const packages = files.flatMap((file) => importsOf(file).filter((one) => !one.startsWith('src/')));
    const names = packages.map((file) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file);
    expect(new Set(names)).toEqual(new Set(['@tensorflow/tfjs-core', 'fastest-levenshtein']));
    expect(Object.values(bundle.metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
  });

  it('gives the value of a loss where there is no Node.js', () => {
    let values: ArrayLike<number> = [];
    const answer = (given: ArrayLike<number>): void => void (values = given);
    // By its document TensorFlow.js knows a page.
    const page = { answer, document: {}, setTimeout, console, performance, TextEncoder, TextDecoder };
    runInNewContext(bundle.outputFiles[0].text, Object.assign(page, { window: page }));
    // KL of (3/4, 1/4) from (1/2, 1/2), and of a distribution from itself.
    const expected = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    expect(values.length).toBe(2);
    expect(values[0]).toBeCloseTo(expected, 6);
    expect(values[1]).toBeCloseTo(0, 6);
  });
});
