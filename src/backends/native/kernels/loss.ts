import { nativeKernel } from './registration.js';

/** The lowest finite float32, which stands in for a logarithm below it. */
const lowest = -3.4028234663852886e38;

/**
 * Softmax of row `row` of logits / temperature into `probabilities` and its logarithm into `logarithms`, both one row;
 * finite for any finite logits.
 */
function distributionOfRow(
  logits: Float32Array,
  row: number,
  temperature: number,
  probabilities: Float64Array,
  logarithms: Float64Array,
): void {
  const classes = probabilities.length;
  const first = row * classes;
  let most = logits[first];
  for (let k = 1; k < classes; k++) most = Math.max(most, logits[first + k]);
  let total = 0;
  for (let k = 0; k < classes; k++) {
    const above = Math.fround(logits[first + k] - most) / temperature;
    logarithms[k] = above < lowest ? lowest : above;
    probabilities[k] = Math.exp(logarithms[k]);
    total += probabilities[k];
  }
  const logarithm = Math.log(total);
  for (let k = 0; k < classes; k++) {
    probabilities[k] /= total;
    logarithms[k] -= logarithm;
  }
}

/** Registers the losses over logits, which are too small for more than a loop, and the distance of directions. */
export function registerLossKernels(): void {
  nativeKernel<{ temperature: number }>(
    'KlDivergence',
    ({ inputs: { student, teacher }, attributes: { temperature }, backend }) => {
      const [rows, classes] = student.shape as [number, number];
      const value = backend.output([rows]);
      const slopes = backend.output([rows, classes]);
      const [ofStudent, ofTeacher] = [backend.floats(student), backend.floats(teacher)];
      const [p, logP, q, logQ] = Array.from({ length: 4 }, () => new Float64Array(classes));
      for (let row = 0; row < rows; row++) {
        distributionOfRow(ofStudent, row, temperature, p, logP);
        distributionOfRow(ofTeacher, row, temperature, q, logQ);
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          sum += q[k] * (logQ[k] - logP[k]);
          slopes.values[row * classes + k] = temperature * (p[k] - q[k]);
        }
        value.values[row] = temperature * temperature * sum;
      }
      return [value.info, slopes.info];
    },
  );

  nativeKernel<{ epsilon: number }>(
    'SmoothedCrossEntropy',
    ({ inputs: { student, labels }, attributes: { epsilon }, backend }) => {
      const [rows, classes] = student.shape as [number, number];
      const value = backend.output([rows]);
      const slopes = backend.output([rows, classes]);
      const logits = backend.floats(student);
      const known = backend.integers(labels);
      const [p, logP] = [new Float64Array(classes), new Float64Array(classes)];
      const share = epsilon / classes;
      for (let row = 0; row < rows; row++) {
        distributionOfRow(logits, row, 1, p, logP);
        const label = known[row];
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          const target = k === label ? 1 - epsilon + share : share;
          sum -= target * logP[k];
          slopes.values[row * classes + k] = p[k] - target;
        }
        value.values[row] = label >= 0 && label < classes ? sum : NaN;
      }
      return [value.info, slopes.info];
    },
  );

  nativeKernel<{ weights: readonly number[] }>('WeightedMeans', ({ inputs, attributes, backend }) => {
    const { weights } = attributes;
    const total = backend.output([]);
    const means = weights.map((_, i) => {
      const values = backend.floats(inputs[i]);
      const mean = backend.output([]);
      let sum = 0;
      for (let b = 0; b < values.length; b++) sum += values[b];
      mean.values[0] = sum / values.length;
      return mean;
    });
    let sum = 0;
    weights.forEach((weight, i) => {
      if (weight > 0) sum += weight * means[i].values[0];
    });
    total.values[0] = sum;
    return [total.info, ...means.map(({ info }) => info)];
  });

  nativeKernel<{ batch: number; weight: number }>(
    'EqualShares',
    ({ inputs: { dy }, attributes: { batch, weight }, backend }) => {
      const { info, values } = backend.output([batch]);
      values.fill((backend.floats(dy)[0] * weight) / batch);
      return info;
    },
  );

  nativeKernel('UnitDistance', ({ inputs: { a, b }, backend }) => {
    const [rows, size] = a.shape;
    const value = backend.output([rows]);
    const statistics = backend.output([rows, 4]);
    backend.addon.unitDistance({
      rows,
      size,
      a: backend.floats(a),
      b: backend.floats(b),
      value: value.values,
      statistics: statistics.values,
    });
    return [value.info, statistics.info];
  });

  nativeKernel('UnitDistanceGrad', ({ inputs: { dy, a, b, statistics }, backend }) => {
    const [rows, size] = a.shape;
    const da = backend.output([rows, size]);
    backend.addon.unitDistanceBackward({
      rows,
      size,
      dy: backend.floats(dy),
      a: backend.floats(a),
      b: backend.floats(b),
      statistics: backend.floats(statistics),
      da: da.values,
    });
    return da.info;
  });
}
