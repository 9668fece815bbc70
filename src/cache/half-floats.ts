import { optionalAddon } from '../backends/native/addon.js';
import { fromFloat16, toFloat16 } from '../float16.js';

/** Conversion between float32 and the bits of float16 (IEEE 754 binary16). */
export interface HalfFloats {
  /** Rounds to the nearest, ties to even; numbers that are too large become infinite. */
  narrow(x: Float32Array, y: Uint16Array): void;
  /** Exact. */
  widen(x: Uint16Array, y: Float32Array): void;
}

let chosen: HalfFloats | undefined;

/** The native kernels, or their equal in JavaScript if the addon was not built. */
export function halfFloats(): HalfFloats {
  chosen ??= addonHalfFloats() ?? portableHalfFloats();
  return chosen;
}

function addonHalfFloats(): HalfFloats | undefined {
  const addon = optionalAddon();
  return (
    addon && {
      narrow: (x, y) => addon.narrowToHalf({ size: x.length, x, y }),
      widen: (x, y) => addon.widenHalf({ size: x.length, x, y }),
    }
  );
}

/** The conversion in JavaScript. */
export function portableHalfFloats(): HalfFloats {
  return {
    narrow: (x, y) => void toFloat16(x, y),
    widen: (x, y) => void fromFloat16(x, y),
  };
}
