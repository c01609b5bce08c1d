/** What does a flag of Hydra's command line correspond to here? @module */

const PRINT = "--print-config of 'train' prints the whole resolved config";
const SWEEP =
  "there are no sweeps: start one run per value, each with its run=<folder>";
const OUTPUT =
  "a config has no packages: --print-config of 'train' prints all of it";
const FILES =
  "the root file is always config.yaml: name its folder by --config-dir, or a file in a group by experiment=<name>";
const HELP = "'blocksmith <command> --help' shows all options";

/** Flags of Hydra 1.3, long and short, and what does the same here. */
const HYDRA: Record<string, string> = {
  "--cfg": PRINT,
  "-c": PRINT,
  "--resolve": PRINT,
  "--info": PRINT,
  "-i": PRINT,
  "--package": OUTPUT,
  "-p": OUTPUT,
  "--multirun": SWEEP,
  "-m": SWEEP,
  "--config-name": FILES,
  "-cn": FILES,
  "--config-path": "--config-dir names a config folder",
  "-cp": "--config-dir names a config folder",
  "-cd": "--config-dir names a config folder",
  "--hydra-help": HELP,
  "--shell-completion": HELP,
  "-sc": HELP,
  "--experimental-rerun": "'blocksmith train --resume <run>' resumes a run",
  "-r": "'blocksmith train key=value ...' runs without a flag",
};

/**
 * What to write in place of a flag of Hydra's; undefined for other flags.
 *
 * @param argument as given: `--cfg`, `--cfg=job`, `-c`
 */
export const insteadOfHydraFlag = (argument: string): string | undefined =>
  HYDRA[argument.split("=")[0]];
