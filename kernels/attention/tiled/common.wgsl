// Memory and roles of the tiled tier, for GPUs.
//
// A workgroup of 128 invocations owns 64 rows of one head (queries, in grad_kv
// keys) and walks the other side's rows 32 at a time. Invocation (x, y) of 8 x
// 16 computes the 4 x 4 pairs of own rows 4 y .. and other rows 4 x .., and of
// the results rows 4 y .. and every eighth column unit from x on, COLUMNS in
// all.
//
// own_slab, other_slab: 16 columns of both sides as [column][row], so that 4
// rows are one vec4 (14 KiB in all with the pairs, within every adapter's
// limit). Rows are rotated by the columns' unit, or writing them would meet in
// one bank. Afterwards own_slab holds CHUNK of the other side's rows as they
// are. pairs: [other row][own row], rotated likewise.
//
// Every phase ends with a barrier, so the next may write at once.
#include lib/vector
alias Unit = vecf;
alias Scores = vec4f;

const OWN = 64u;
const OTHER = 32u;
var<workgroup> own_slab: array<vec4f, 256>;
var<workgroup> other_slab: array<vec4f, 128>;
var<workgroup> pairs: array<vec4f, 512>;

var<private> invocation: u32;
var<private> x: u32;
var<private> y: u32;
var<private> own_start: u32;

fn enter_tile(group: vec3u, index: u32) {
  enter_head(group);
  invocation = index;
  x = index % 8u;
  y = index / 8u;
  own_start = group.x * OWN;
}

// The sums, for each own row, over the 8 invocations that share it.
fn sum_across(value: vec4f) -> vec4f {
  other_slab[invocation] = value;
  workgroupBarrier();
  var sum = vec4f(0);
  #for i in 0..8 {
    sum += other_slab[8u * y + ${i}u];
  #}
  workgroupBarrier();
  return sum;
}
