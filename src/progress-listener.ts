/** Hears how much of a work is done. */
export type ProgressListener = (done: number, total: number) => void;
