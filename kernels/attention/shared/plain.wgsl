// The plain tier, for widths and adapters that the others do not take: the
// tiled kernels are for GPUs, the subgroup kernels for software Vulkan.
//
// Lane l of workgroup (tile, head, sequence) owns row tile * WG + l. All lanes
// read the same row of the other side at a time, so one load serves the
// workgroup.
#include lib/vector
alias Unit = vecf;
alias Scores = f32;
