import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fetchHubDataset } from "../../../src/data/hub/mod.ts";
import {
  fastSettings,
  pseudoRandomBytes,
  sha256,
  withHub,
} from "../../helpers/data/hub_server.ts";

Deno.test("fetchHubDataset() requests only the rest after it was killed", () =>
  withHub(async (hub, cacheDir) => {
    const data = pseudoRandomBytes(600_000), size = data.length;
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
    const before = hub.requests.length;
    const progress: number[] = [];
    const { files } = await fetchHubDataset({
      url: "hf://datasets/o/n",
      split: "train",
      cacheDir,
      settings: fastSettings(hub),
      onProgress: ({ done }) => void progress.push(done),
    });
    assertEquals(await Deno.readFile(files[0].path), data);
    assertEquals([progress[0], progress.at(-1)], [kept, size]);
    assertEquals(
      hub.requests.slice(before).filter(({ store }) => store)
        .map(({ headers }) => headers.get("range")),
      [`bytes=${kept}-`],
    );
  }));
