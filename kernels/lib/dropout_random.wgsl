// What dropout's random numbers depend on besides the place in the model and
// the element: written by the host for each micro-batch
// (src/engine/step_records.ts).
#include lib/philox

struct DropoutRandom {
  seed: u32,
  step: u32,
  micro_batch: u32,
}
