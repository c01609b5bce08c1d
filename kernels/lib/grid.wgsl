// Where an invocation is in a one-dimensional grid, which
// src/graph/dispatch_grid.ts folds to rows of MAX_WORKGROUPS, the most that
// WebGPU allows along a dimension.
const MAX_WORKGROUPS = 65535u;

/** Number of the workgroup. */
fn group_index(group: vec3u) -> u32 {
  return group.y * MAX_WORKGROUPS + group.x;
}

/** Number of the invocation. */
fn flat_index(group: vec3u, lane: u32) -> u32 {
  return group_index(group) * WG + lane;
}

/** Which elements of vec4 number i are among the first `count`. */
fn inside(i: u32, count: u32) -> vec4<bool> {
  return vec4u(0u, 1u, 2u, 3u) < vec4u(count - 4u * i);
}
