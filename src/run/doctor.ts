import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { freemem, tmpdir, totalmem } from 'node:os';
import { RunError } from '../errors.js';
import { cudaLibrary, missingCuda } from '../teacher/providers.js';
import { thisMachine } from '../backends/machine.js';
import { nativeAddon } from '../backends/native/addon.js';
import { computingPackages, packageVersion } from '../backends/package-version.js';

/** One thing that was looked at. */
export interface Finding {
  /** What it is: `native kernels`. */
  readonly what: string;
  /** Whether it is there. What nothing needs is there or not. */
  readonly isThere: boolean;
  /** What was found, in a sentence or less. */
  readonly found: string;
  /** What to do where it is missing. */
  readonly fix?: string;
}

/** Looks at what this machine has for training: processor and kernels, backends, providers of a teacher, memory, disk. */
export async function examine(): Promise<Finding[]> {
  const { cpu, cores, node, version } = thisMachine();
  const require = createRequire(import.meta.url);
  const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return [
    {
      what: 'bnn-distill',
      isThere: true,
      found: `${version}, Node.js ${node}, ${process.platform} ${process.arch}`,
    },
    { what: 'processor', isThere: true, found: `${cpu}, ${cores} for this process` },
    ...kernelFindings(),
    { what: 'backend cpu', isThere: true, found: 'TensorFlow.js in JavaScript, for checks' },
    tensorflowFinding(),
    ...providerFindings(require),
    ...computingPackages.map((name) => packageFinding(name)),
    { what: 'memory', isThere: true, found: `${gibibytes(freemem())} of ${gibibytes(totalmem())} are free` },
    await diskFinding('disk of this folder', process.cwd()),
    await diskFinding('disk of temporary files', tmpdir()),
  ];

  async function diskFinding(what: string, folder: string): Promise<Finding> {
    const { bavail, bsize } = await statfs(folder);
    return { what, isThere: true, found: `${gibibytes(bavail * bsize)} are free (${folder})` };
  }
}

function kernelFindings(): Finding[] {
  try {
    const addon = nativeAddon();
    const active = addon.kernels().filter((kernel) => kernel.active);
    const sets = addon.instructionSets().filter((isa) => active.some((kernel) => kernel.isa === isa));
    const counts = sets.map((isa) => `${isa} for ${active.filter((kernel) => kernel.isa === isa).length}`);
    const forced = addon.forcedIsa();
    const isSlow = sets.length === 1 && sets[0] === 'reference';
    return [
      {
        what: 'backend native',
        isThere: true,
        found: `kernels: ${counts.join(', ')}${forced === '' ? '' : `, limited to ${forced}`}`,
      },
      ...(isSlow
        ? [
            {
              what: 'fast kernels',
              isThere: false,
              found: 'this processor has no AVX2, and the reference kernels are slow',
              fix: forced === '' ? 'use an x86-64 machine with AVX2' : 'unset BNN_DISTILL_ISA',
            },
          ]
        : []),
    ];
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { message, fix } = error;
    return [
      { what: 'backend native', isThere: false, found: message, ...(fix === undefined ? {} : { fix }) },
    ];
  }
}

function tensorflowFinding(): Finding {
  const names = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
  const found = names.find((name) => packageVersion(name) !== undefined);
  return found === undefined
    ? {
        what: 'backend tensorflow',
        isThere: false,
        found: 'not installed; nothing needs it',
        fix: `npm install ${names[1]}`,
      }
    : { what: 'backend tensorflow', isThere: true, found: `${found} ${packageVersion(found)}` };
}

function providerFindings(require: NodeJS.Require): Finding[] {
  const { listSupportedBackends } = require('onnxruntime-node') as {
    listSupportedBackends: () => { name: string; bundled: boolean }[];
  };
  const bundled = new Set(listSupportedBackends().flatMap((one) => (one.bundled ? [one.name] : [])));
  const cuda = missingCuda();
  return [
    { what: 'provider cpu', isThere: true, found: 'ONNX Runtime' },
    existsSync(cudaLibrary())
      ? { what: 'provider cuda', isThere: true, found: 'the libraries are installed' }
      : { what: 'provider cuda', isThere: false, found: cuda.message, fix: cuda.fix! },
    {
      what: 'provider webgpu',
      isThere: bundled.has('webgpu'),
      found: bundled.has('webgpu')
        ? 'in ONNX Runtime; it needs a graphics driver'
        : 'not in this ONNX Runtime',
    },
  ];
}

function packageFinding(name: string): Finding {
  const version = packageVersion(name);
  return version === undefined
    ? { what: name, isThere: false, found: 'not installed', fix: 'npm ci' }
    : { what: name, isThere: true, found: version };
}
