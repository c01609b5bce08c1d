import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { hubDataset } from "../../../src/data/hub/mod.ts";
import {
  noise,
  quick,
  sha256,
  withHub,
} from "../../helpers/data/hub_server.ts";

Deno.test("hubDataset() killed in the middle asks only for the rest when run again", () =>
  withHub(async (hub, cacheDir) => {
    const data = noise(600_000), size = data.length;
    hub.push("datasets/o/n", { "train.jsonl": data });
    hub.fault = ({ store }) => store ? { stallAfter: 300_000 } : undefined;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        join(import.meta.dirname!, "_killed_fetch.ts"),
        hub.endpoint,
        cacheDir,
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { done } = await reader.read();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assertEquals(done, false, "it must have begun");

    const part = join(cacheDir, "hub", "parts", sha256(data));
    const kept = (await Deno.stat(part)).size;
    assertEquals(kept > 200_000 && kept < size, true);
    hub.fault = () => undefined;
    const before = hub.asked.length;
    const progress: number[] = [];
    const { files } = await hubDataset({
      url: "hf://datasets/o/n",
      split: "train",
      cacheDir,
      settings: quick(hub),
      onProgress: ({ done }) => void progress.push(done),
    });
    assertEquals(await Deno.readFile(files[0].path), data);
    assertEquals([progress[0], progress.at(-1)], [kept, size]);
    assertEquals(
      hub.asked.slice(before).filter(({ store }) => store)
        .map(({ headers }) => headers.get("range")),
      [`bytes=${kept}-`],
    );
  }));
