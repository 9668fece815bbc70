// Your own data: images of stripes, whose width is the class. A recipe lists this file under `imports`; then `stripes` is a kind
// of data (see custom-recipe.yaml).
import { registerDataKind } from 'bnn-distill/data';

const counts = { train: 320, validation: 40, test: 80 };
const firstIndex = { train: 0, validation: 1000, test: 2000 };
const side = 32;
const classes = ['narrow', 'middle', 'wide', 'broad'];

function images(split) {
  const length = counts[split];
  const pixels = new Uint8Array(length * side * side * 3);
  const labels = Int32Array.from({ length }, (_, n) => n % classes.length);
  labels.forEach((label, n) => {
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const bright = Math.floor((x + n) / (2 + 2 * label)) % 2 === 0;
        pixels.fill(bright ? 220 : 30, ((n * side + y) * side + x) * 3, ((n * side + y) * side + x) * 3 + 3);
      }
  });
  return { pixels, labels };
}

registerDataKind('stripes', {
  argument: null,
  load: (_, split) => {
    const { pixels, labels } = images(split);
    return Promise.resolve({
      kind: 'stripes',
      split,
      classes,
      size: [side, side],
      length: labels.length,
      indices: Uint32Array.from(labels, (_, n) => firstIndex[split] + n),
      labels,
      mean: [0.5, 0.5, 0.5],
      std: [0.3, 0.3, 0.3],
      pixels,
    });
  },
});
