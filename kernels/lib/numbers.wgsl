// Stands for minus infinity where a maximum starts or a value must not count:
// WGSL compilers may assume that infinities do not occur.
const NEGATIVE_INFINITY = -3.4e38f;
