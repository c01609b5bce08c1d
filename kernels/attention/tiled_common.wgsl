// Memory and roles of the tiled attention kernels, for GPUs.
//
// A workgroup of 128 invocations owns 64 rows of one head (queries; in grad_kv
// keys) and walks the other side's rows 32 at a time. Invocation (x, y) of
// 8 x 16 makes the 4 x 4 pairs of own rows 4 y .. and other rows 4 x .., and of
// the results rows 4 y .. and every eighth column unit from x on.
//
// own_slab, other_slab: 16 columns of both sides as [column][row], so that 4 rows
// are one vec4 (14 KiB in all with the pairs, within every adapter's limit).
// Rows are rotated by the columns' unit, or writing them would meet in one bank.
// Afterwards own_slab holds CHUNK of the other side's rows as they are.
// pairs: [other row][own row], rotated likewise.
//
// Every phase ends with a barrier, so the next may write at once.
const OWN = 64u;
const OTHER = 32u;
var<workgroup> own_slab: array<vec4f, 256>;
var<workgroup> other_slab: array<vec4f, 128>;
var<workgroup> pairs: array<vec4f, 512>;
