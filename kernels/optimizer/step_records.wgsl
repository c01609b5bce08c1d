// The records of an optimizer step, shared with the host by their fields' names
// (src/engine/step_records.ts).

// Written by the host before each step (src/optim/adam.ts).
struct StepScalars {
  // Of the update that this step is, unless steps were skipped since the host
  // last read the history: learning rate and eps with Adam's bias corrections
  // folded in, and learning rate times weight decay.
  rate: f32,
  eps: f32,
  decay: f32,
  // Number of that update, from 1.
  update: u32,
  // Skipped steps that the host knew of.
  skipped: u32,
  // Gradient norm above which gradients are scaled down; 0 never.
  max_grad_norm: f32,
  // Record of the history that this step writes.
  history_slot: u32,
}

// What an update depends on besides its number: a row for each of the last
// updates that the host announced.
struct UpdateRates {
  rate: f32,
  eps: f32,
  decay: f32,
}

// What the update of this step may do.
struct Control {
  // Factor of the gradients: it clips them, and undoes the loss scale.
  clip: f32,
  rate: f32,
  eps: f32,
  decay: f32,
  // 1 where weights and moments keep their values in this step.
  skip: u32,
  // 1 once a step was not finite at any loss scale: all later ones are skipped.
  stopped: u32,
}

// State of dynamic loss scaling; saved with a run.
struct LossScaling {
  // Factor of the loss's gradient.
  scale: f32,
  // Steps since the last overflow, or since the start; the next one included.
  since_overflow: u32,
  // Steps since the scale last changed, the next one included.
  since_rescale: u32,
  // Overflows since the scale last changed.
  overflows: u32,
  // Overflows in all: steps that were no updates.
  skipped: u32,
}

// What the host reads of one step.
struct HistoryRecord {
  loss: f32,
  // Of the gradient without the loss scale.
  gradient_norm: f32,
  // APPLIED, SKIPPED or STOPPED.
  outcome: u32,
  // Scale that the gradient was computed with; 1 without loss scaling.
  loss_scale: f32,
}

// The weights were updated.
const APPLIED = 0u;
// The gradient overflowed: the loss scale was lowered, the weights were kept.
const SKIPPED = 1u;
// Not finite at any loss scale: the weights are kept from now on.
const STOPPED = 2u;
