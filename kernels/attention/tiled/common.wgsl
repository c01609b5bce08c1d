// Memory and roles of the tiled tier, for GPUs and for software without
// subgroups.
//
// A workgroup of 128 invocations owns 64 rows of one head (queries, or keys
// where KEYS_OWN) and walks the other side's rows 64 at a time. Invocation (x,
// y) of 8 x 16 computes the 4 x 8 pairs of own rows 4 y .. and other rows 4 x ..
// and 32 + 4 x .., and of the results rows 4 y .. and every eighth unit of
// columns from x on, COLUMNS in all: 3 loads of a vec4 for 32 multiply-adds in
// both products. Results wider than 32 units are shared by BLOCKS workgroups of
// SPAN units, each of which makes the products again: sums stay in registers.
//
// memory, 16 KiB as every adapter grants, holds in turn
//   products: 32 columns of own rows, then of other rows, as [column][row], so
//             that 4 rows are one vec4; turned by the column's unit, or writing
//             them would meet in one bank
//   sums:     weights of 32 other rows, [other row][own row], turned likewise;
//             then CHUNK of the other rows as they are
// Every phase ends with a barrier, so the next may write at once. The bits of x
// and y alternate in the lanes' numbers: then pairs of neighbours share
// addresses of every load, which NVIDIA serves in half the passes.
alias Scores = vec4f;

const OWN = 64u;
const OTHER = 64u;
const SECOND = 512u;
var<workgroup> memory: array<vec4f, 1024>;

var<private> invocation: u32;
var<private> x: u32;
var<private> y: u32;
var<private> own_start: u32;
var<private> first_unit: u32;

fn enter_tile(group: vec3u, index: u32) {
  enter_head(group);
  invocation = index;
  x = (index & 1u) | ((index >> 1u) & 6u);
  y = ((index >> 1u) & 1u) | ((index >> 3u) & 14u);
  own_start = group.x / BLOCKS * OWN;
  first_unit = group.x % BLOCKS * SPAN;
}

// Whether this invocation keeps the statistics of its own rows.
fn keeps_statistics() -> bool { return x == 0u && first_unit == 0u; }

fn sum_of(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn largest_of(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }

// The sums, for each own row, over the 8 invocations that share it.
fn sum_across(value: vec4f) -> vec4f {
  memory[8u * y + x] = value;
  workgroupBarrier();
  var sum = vec4f(0);
  #for i in 0..8 {
    sum += memory[8u * y + ${i}u];
  #}
  workgroupBarrier();
  return sum;
}
