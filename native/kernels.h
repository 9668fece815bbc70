// The arguments of every kernel family. Each struct names its family; an implementation is a function that
// takes it. Layout: activations are position-major [H, W, N, C] (the images of one position are contiguous,
// channels innermost), filters [tap][C][K] with tap = ky * kernel_w + kx, statistics per channel. All images
// at one position share their valid taps, so that borders are exact without padding and a stride costs
// nothing.
#pragma once

#include "families/attention.h"
#include "families/block.h"
#include "families/convolution.h"
#include "families/elementwise.h"
#include "families/normalisation.h"
#include "families/pooling.h"
