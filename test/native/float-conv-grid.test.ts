import { floatConvolution } from './conv-calls.js';
import { testOnGrid } from './conv-grid-tests.js';

testOnGrid('float convolutions', floatConvolution);
