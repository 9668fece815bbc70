import type { Command } from 'commander';
import { describeModel, type ModelDescription } from '../teacher/describe-model.js';

/** Adds `distill inspect`. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description(
      'Prints what an ONNX model takes and gives, its size, and the feature maps a teacher of it would give.',
    )
    .argument('<model.onnx|card.yaml>', 'the model, or a teacher card')
    .action(async (path: string) => {
      process.stdout.write(`${describe(await describeModel(path)).join('\n')}\n`);
    });
}

function describe(model: ModelDescription): string[] {
  const value = ({ name, dtype, shape }: ModelDescription['inputs'][number]): string =>
    `${name}  ${dtype} ${shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of no stated shape'}`;
  return [
    `model       ${model.path} (${model.bytes.toLocaleString('en-US')} bytes)`,
    `sha256      ${model.sha256}`,
    `producer    ${model.producer === '' ? 'not said' : model.producer}`,
    `opset       ${model.opset} (IR version ${model.irVersion})`,
    ...model.inputs.map((input) => `input       ${value(input)}`),
    ...model.outputs.map((output) => `output      ${value(output)}`),
    `nodes       ${model.nodes.toLocaleString('en-US')}`,
    `parameters  ${model.parameters.toLocaleString('en-US')}`,
    ...model.externalFiles.map((file) => `weights in  ${file}`),
    `card        ${model.cardPath ?? 'none (draft one: distill card init <model>)'}`,
    ...model.taps.map(
      ({ name, tensor, shape }) => `tap         ${name}  ${shape.join('×')} (H×W×C)  ${tensor}`,
    ),
    ...(model.noTaps === undefined ? [] : [`taps        none: ${model.noTaps}`]),
  ];
}
