import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { freemem, tmpdir, totalmem } from 'node:os';
import { RunError } from '../errors.js';
import { cudaLibrary, missingCuda } from '../teacher/providers.js';
import { thisMachine } from '../backends/machine.js';
import { nativeAddon } from '../backends/native/addon.js';
import { computingPackages, packageVersion } from '../backends/package-version.js';

/** One check of this machine. */
export interface MachineCheck {
  /** What is checked: `backend native`. */
  readonly what: string;
  /** Whether it is available. */
  readonly isPresent: boolean;
  /** The result, in a sentence or less. */
  readonly found: string;
  /** How to make it available. */
  readonly fix?: string;
}

/**
 * Checks what this machine has for training: processor, kernels, backends, providers of teachers, memory,
 * disk.
 */
export async function checkMachine(): Promise<MachineCheck[]> {
  const { cpu, cores, node, version } = thisMachine();
  const require = createRequire(import.meta.url);
  const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return [
    {
      what: 'bnn-distill',
      isPresent: true,
      found: `${version}, Node.js ${node}, ${process.platform} ${process.arch}`,
    },
    { what: 'processor', isPresent: true, found: `${cpu}, ${cores} for this process` },
    ...kernelChecks(),
    { what: 'backend cpu', isPresent: true, found: 'TensorFlow.js in JavaScript, for checks' },
    tensorflowCheck(),
    ...providerChecks(require),
    ...computingPackages.map((name) => packageCheck(name)),
    {
      what: 'memory',
      isPresent: true,
      found: `${gibibytes(freemem())} of ${gibibytes(totalmem())} are free`,
    },
    await diskCheck('disk of this folder', process.cwd()),
    await diskCheck('disk of temporary files', tmpdir()),
  ];

  async function diskCheck(what: string, folder: string): Promise<MachineCheck> {
    const { bavail, bsize } = await statfs(folder);
    return { what, isPresent: true, found: `${gibibytes(bavail * bsize)} are free (${folder})` };
  }
}

function kernelChecks(): MachineCheck[] {
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
        isPresent: true,
        found: `kernels: ${counts.join(', ')}${forced === '' ? '' : `, limited to ${forced}`}`,
      },
      ...(isSlow
        ? [
            {
              what: 'fast kernels',
              isPresent: false,
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
      { what: 'backend native', isPresent: false, found: message, ...(fix === undefined ? {} : { fix }) },
    ];
  }
}

function tensorflowCheck(): MachineCheck {
  const names = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
  const found = names.find((name) => packageVersion(name) !== undefined);
  return found === undefined
    ? {
        what: 'backend tensorflow',
        isPresent: false,
        found: 'not installed; nothing needs it',
        fix: `npm install ${names[1]}`,
      }
    : { what: 'backend tensorflow', isPresent: true, found: `${found} ${packageVersion(found)}` };
}

function providerChecks(require: NodeJS.Require): MachineCheck[] {
  const { listSupportedBackends } = require('onnxruntime-node') as {
    listSupportedBackends: () => { name: string; bundled: boolean }[];
  };
  const bundled = new Set(listSupportedBackends().flatMap((one) => (one.bundled ? [one.name] : [])));
  const cuda = missingCuda();
  return [
    { what: 'provider cpu', isPresent: true, found: 'ONNX Runtime' },
    existsSync(cudaLibrary())
      ? { what: 'provider cuda', isPresent: true, found: 'the libraries are installed' }
      : { what: 'provider cuda', isPresent: false, found: cuda.message, fix: cuda.fix! },
    {
      what: 'provider webgpu',
      isPresent: bundled.has('webgpu'),
      found: bundled.has('webgpu')
        ? 'in ONNX Runtime; it needs a graphics driver'
        : 'not in this ONNX Runtime',
    },
  ];
}

function packageCheck(name: string): MachineCheck {
  const version = packageVersion(name);
  return version === undefined
    ? { what: name, isPresent: false, found: 'not installed', fix: 'npm ci' }
    : { what: name, isPresent: true, found: version };
}
