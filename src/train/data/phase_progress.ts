/** How far is the work on the data? One bar for each phase. @module */
import type { PrepareProgress } from "../../data/mod.ts";
import { Progress } from "../../terminal/progress_bar.ts";

/** Labels of the phases. */
const LABELS = {
  download: "downloading",
  check: "reading",
  tokenize: "tokenizing",
};

/** Shows one progress bar per phase. */
export class PhaseProgress {
  #bar: Progress | undefined;
  #phase = "";

  at(
    { phase, done, total }: Omit<PrepareProgress, "phase"> & {
      phase: PrepareProgress["phase"] | "download";
    },
  ): void {
    if (phase === "wait") return;
    if (phase !== this.#phase) {
      this.#bar?.stop();
      this.#phase = phase;
      this.#bar = new Progress({ label: LABELS[phase], total, unit: "bytes" });
    }
    this.#bar!.at(done);
  }

  async stop(): Promise<void> {
    await this.#bar?.stop();
  }
}
