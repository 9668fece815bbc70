import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCard, parseCard } from '../../src/teacher/card.js';
import { draftCard, writeDraftCard } from '../../src/teacher/draft-card.js';
import { findTeacher, packagedTeachers } from '../../src/teacher/find-teacher.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { failure } from './teacher-cases.js';
import { cardText, channelMeans, float32Bytes, tinyOnnx } from './tiny-onnx.js';

const root = mkdtempSync(join(tmpdir(), 'bnn-distill-cards-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const tiny = tinyOnnx(channelMeans());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
const put = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('packaged cards', () => {
  const cards = readdirSync(packagedTeachers).filter((name) => name.endsWith('.yaml'));

  it('are those of three teachers', () => {
    expect(cards.sort()).toEqual([
      'cifar10-resnet20.yaml',
      'cifar10-resnet56.yaml',
      'cifar100-resnet32-fixed-batch.yaml',
    ]);
  });

  it.each(cards)('%s is right and names its model', async (name) => {
    const card = await loadCard(join(packagedTeachers, name));
    expect(card.file).toBe(name.replace('.yaml', '.onnx'));
    expect(new Set(card.classes).size).toBe(card.dataset === 'cifar100' ? 100 : 10);
    expect(card.licence).toBeDefined();
    expect(card.source).toMatch(/^https:/);
  });
});

describe('findTeacher', () => {
  it('takes the model that a card names, relative to the card', async () => {
    mkdirSync(join(folder, 'models'));
    put('models/m.onnx', tiny);
    const card = put('any-name.yaml', cardText('models/m.onnx', sha256(tiny)));
    const found = await findTeacher(card);
    expect(found).toMatchObject({ cardPath: card, file: { path: join(folder, 'models/m.onnx') } });
  });

  it('prefers the card beside the model to that of the package', async () => {
    const model = join(folder, 'm.onnx');
    copyFileSync(join(packagedTeachers, 'cifar10-resnet20.onnx'), model);
    expect((await findTeacher(model)).cardPath).toBe(join(packagedTeachers, 'cifar10-resnet20.yaml'));
    const beside = put('m.yaml', readFileSync(join(packagedTeachers, 'cifar10-resnet20.yaml'), 'utf8'));
    expect(await findTeacher(model)).toMatchObject({ cardPath: beside, file: { path: model } });
  });

  it('finds no card for an unknown model', async () => {
    expect(await findTeacher(put('m.onnx', tiny))).toMatchObject({ card: undefined, cardPath: undefined });
  });

  it('refuses a model that is not the one its card is for', async () => {
    const model = put('m.onnx', tiny);
    put('m.yaml', cardText('m.onnx', 'a'.repeat(64)));
    const { message, fix } = await failure(findTeacher(model));
    expect(message).toBe(
      `${model} has sha256 ${sha256(tiny)}, but its teacher card ${join(folder, 'm.yaml')} gives ${'a'.repeat(64)}`,
    );
    expect(fix).toContain('distill card init');
  });

  it('says that the model of a card is missing, and where it comes from', async () => {
    const card = put('m.yaml', cardText('gone.onnx', 'a'.repeat(64), ['source: https://example.org/m']));
    const { message, fix } = await failure(findTeacher(card));
    expect(message).toBe(
      `the teacher card ${card} is for gone.onnx, but ${join(folder, 'gone.onnx')} does not exist`,
    );
    expect(fix).toBe('get the model from https://example.org/m');
  });

  it.each([
    ['a missing model', 'nowhere.onnx', /^the model .*nowhere\.onnx does not exist$/],
    ['a folder', '', /^the model .* is a folder, not a file$/],
    ['a missing card', 'nowhere.yaml', /^cannot read the teacher card .*nowhere\.yaml: ENOENT/],
  ])('says that it was given %s', async (_, name, message) => {
    expect((await failure(findTeacher(join(folder, name)))).message).toMatch(message);
  });
});

describe('external data', () => {
  const model = (file: string): Uint8Array => {
    const base = channelMeans();
    return tinyOnnx({
      ...base,
      nodes: [
        ...base.nodes.slice(0, 1),
        { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
        { op: 'Mul', inputs: ['flat', 'w'], outputs: ['y'] },
      ],
      initializers: [{ name: 'w', dims: [3], values: [], external: file }],
    });
  };
  const data = float32Bytes([1, 10, 100]);

  it('is read from beside the model and checked against the list in the card', async () => {
    const path = put('m.onnx', model('w.bin'));
    put('w.bin', data);
    put('m.yaml', cardText('m.onnx', `[${sha256(model('w.bin'))}, ${sha256(data)}]`));
    const teacher = await OnnxTeacher.open(path, { threads: 1 });
    const { logits } = await teacher.targets({
      size: 1,
      images: new Float32Array(48).fill(0.5),
      labels: new Int32Array(1),
      indices: new Uint32Array(1),
      view: 0,
    });
    expect([...logits]).toEqual([0.5, 5, 50]);
    await teacher.dispose();

    put('w.bin', float32Bytes([1, 10, 101]));
    expect((await failure(findTeacher(path))).message).toContain(`${join(folder, 'w.bin')} has sha256 `);
    rmSync(join(folder, 'w.bin'));
    expect((await failure(findTeacher(path))).message).toBe(
      `w.bin, where ${path} keeps data, does not exist`,
    );
  });

  it.each(['../secret', '/etc/hostname'])('is not read from %s', async (file) => {
    const path = put('m.onnx', model(file));
    expect((await failure(findTeacher(path))).message).toBe(
      `${path} keeps data in ${file}, which is outside its own folder`,
    );
  });
});

describe('draft of a card', () => {
  it('is refused by the name of what is missing, and works once that is filled in', async () => {
    const model = put('m.onnx', tiny);
    const path = await writeDraftCard(model);
    expect(path).toBe(join(folder, 'm.yaml'));
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.yaml']);
    expect((await failure(findTeacher(model))).message).toMatch(/m\.yaml:\d+:3: `input\.mean` is missing/);

    const filled = readFileSync(path, 'utf8')
      .replace('# mean:', 'mean:')
      .replace('# std:', 'std:')
      .replace('# classes: [first, second]', 'classes: [a, b, c]');
    writeFileSync(path, filled);
    const teacher = await OnnxTeacher.open(model, { threads: 1 });
    expect(teacher.classes).toEqual(['a', 'b', 'c']);
    await teacher.dispose();
    expect((await failure(writeDraftCard(model))).message).toBe(`the teacher card ${path} exists already`);
    expect(readFileSync(path, 'utf8')).toBe(filled);
  });

  it('tells what the model says', async () => {
    const text = await draftCard(join(packagedTeachers, 'cifar10-resnet20.onnx'));
    expect(text).toContain('fill in: the 10 class names');
    expect(text).toContain('#   - { name: level3, tensor: "/layer3/layer3.2/Relu_1_output_0", level: 3 }');
    const card = parseCard(
      text
        .replace('# mean:', 'mean:')
        .replace('# std:', 'std:')
        .replace('# classes:', 'classes:')
        .replaceAll('…', 'x'),
      'draft.yaml',
    );
    expect(card).toMatchObject({
      file: 'cifar10-resnet20.onnx',
      sha256: sha256(readFileSync(join(packagedTeachers, 'cifar10-resnet20.onnx'))),
      input: { name: 'input', layout: 'nchw', size: [32, 32] },
      outputs: { logits: 'logits', kind: 'logits' },
    });
  });

  it('leaves a size to be filled in that the model leaves open', async () => {
    const model = put('open.onnx', tinyOnnx(channelMeans(['batch', 3, 'height', 'width'], 'Softmax')));
    const text = await draftCard(model);
    expect(text).toMatch(/^ {2}# size: .*fill in/m);
    expect(text).toContain('kind: probabilities');
  });

  it('is not left half written', async () => {
    const model = put('m.onnx', tiny);
    // A folder in the place of the temporary file makes writing fail for every user, root included.
    mkdirSync(join(folder, `m.yaml.${process.pid}.tmp`));
    expect((await failure(writeDraftCard(model))).message).toMatch(
      /^cannot write the teacher card .*m\.yaml: EISDIR/,
    );
    expect(readdirSync(folder).map((name) => basename(name))).not.toContain('m.yaml');
  });
});
