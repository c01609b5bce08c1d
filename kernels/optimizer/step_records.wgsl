// The records of an optimizer step, shared with the host by their fields' names
// (src/engine/step_records.ts).

// Written by the host before each step (src/optim/adam.ts).
struct StepScalars {
  // Learning rate and eps with Adam's bias corrections folded in.
  rate: f32,
  eps: f32,
  // Learning rate times weight decay.
  decay: f32,
  // Gradient norm above which gradients are scaled down; 0 never.
  max_grad_norm: f32,
  // Record of the history that this step writes.
  history_slot: u32,
}

// What one update may do.
struct Control {
  // Factor of the gradients.
  clip: f32,
  // 1 once loss or norm was not finite: weights keep their values from then on.
  stopped: u32,
}

// What the host reads of one step.
struct HistoryRecord {
  loss: f32,
  gradient_norm: f32,
  non_finite: u32,
}
