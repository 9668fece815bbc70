import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { type Provider, providerOf, withProvider } from '../../src/teacher/providers.js';
import { images, teacherFile } from './teacher-cases.js';
import { channelMeans } from './tiny-onnx.js';

const there = import.meta.filename;
const nowhere = `${there}.missing`;

/** Makes sessions on these providers alone. */
function machine(...able: Provider[]) {
  const tried: Provider[] = [];
  const create = (provider: Provider): Promise<string> => {
    tried.push(provider);
    if (able.includes(provider)) return Promise.resolve(`session on ${provider}`);
    return Promise.reject(new Error(`/src/x.cc:1 status\n was false. Failed to get ${provider}: none here.`));
  };
  return { tried, create };
}

describe('auto', () => {
  it.each<[Provider[], string, Provider, Provider[], number]>([
    [['cuda', 'webgpu', 'cpu'], there, 'cuda', ['cuda'], 0],
    [['webgpu', 'cpu'], there, 'webgpu', ['cuda', 'webgpu'], 1],
    [['cpu'], there, 'cpu', ['cuda', 'webgpu', 'cpu'], 2],
    [['cuda', 'cpu'], nowhere, 'cpu', ['webgpu', 'cpu'], 2],
  ])(
    'where %j work takes the first, and says why not those before',
    async (able, library, wanted, order, misses) => {
      const { tried, create } = machine(...able);
      const made = await withProvider('auto', create, library);
      expect(made).toMatchObject({ session: `session on ${wanted}`, provider: wanted });
      expect(tried).toEqual(order);
      expect(made.misses).toHaveLength(misses);
    },
  );

  it('names the reason of each, and the command that installs what is missing', async () => {
    const { misses } = await withProvider('auto', machine('cpu').create, nowhere);
    expect(misses).toEqual([
      "the provider cuda cannot run here: ONNX Runtime's libraries for CUDA are not installed. To have it: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12.",
      'the provider webgpu cannot run here: Failed to get webgpu: none here.',
    ]);
  });
});

describe('a provider that is named', () => {
  it.each<[Provider, string]>([
    ['cuda', nowhere],
    ['cuda', there],
    ['webgpu', there],
  ])('%s and cannot run is refused, and no other is tried', async (name, library) => {
    const { tried, create } = machine('cpu');
    const error = await withProvider(name, create, library).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(`the provider ${name} cannot run here: `);
    expect(tried).toEqual(library === nowhere ? [] : [name]);
  });

  it('cpu passes on what is wrong with the model', async () => {
    await expect(withProvider('cpu', machine().create)).rejects.toThrow('Failed to get cpu');
  });

  it.each(['gpu', 'CPU', ''])('%j is unknown', (text) => {
    expect(() => providerOf('--provider', text)).toThrow(
      `--provider must be one of auto, cpu, cuda, webgpu, got '${text}'.`,
    );
  });
});

it('a teacher says where it runs', async () => {
  const teacher = await OnnxTeacher.open(teacherFile(channelMeans()), {
    mean: [0, 0, 0],
    std: [1, 1, 1],
    taps: 'none',
    provider: 'cpu',
  });
  expect(teacher.facts).toMatchObject({ provider: 'cpu', providerMisses: [] });
  expect((await teacher.targets(images(2, 4, 4))).logits).toHaveLength(6);
  await teacher.dispose();
});
