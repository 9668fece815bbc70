import { binaryConvolution } from './conv-calls.js';
import { testOnGrid } from './conv-grid-tests.js';

testOnGrid('binary convolutions', binaryConvolution);
