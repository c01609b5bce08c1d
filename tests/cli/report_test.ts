import { assert, assertEquals, assertMatch } from "@std/assert";
import { fails, metrics, succeeds, workshop } from "../helpers/cli.ts";

const REPORTS = `report_gains=true report_attn_entropy=true
  report_outliers=true report_grad_norms=true report_every=10`.split(/\s+/);

Deno.test("train logs reports when due, the same after a resume; report draws them", async () => {
  using shop = workshop();
  const { path: cwd } = shop;
  await succeeds(["train", ...shop.tiny("a"), ...REPORTS], { cwd });
  await succeeds(["train", ...shop.tiny("plain")], { cwd });
  const reports = () =>
    metrics(shop.at("a")).filter((r) => r["attn.0.entropy"] !== undefined);
  const first = reports();
  assertEquals(first.map((r) => r.step), [0, 10, 20]);
  for (const record of first) {
    for (
      const name of [
        "hidden_states.0.kurtosis",
        "hidden_states.1.kurtosis_true",
        "grad_norm.0.mlp.c_fc",
        "scale.0.ln_1_mean",
        "0.mlp_block_resid_gain",
      ]
    ) assert(Number.isFinite(record[name]), name);
  }
  assert(first[0]["attn.0.entropy"] !== first[2]["attn.0.entropy"]);
  const losses = (run: string) =>
    metrics(shop.at(run)).map((r) => r.loss).filter((x) => x !== undefined);
  assertEquals(losses("a"), losses("plain"));

  const from = shop.at("a", "checkpoints", "step-000010");
  await succeeds(["train", "--resume", from], { cwd });
  assertEquals(reports(), first);

  const { out } = await succeeds(["report", "a", "plain", "--out", "r.html"], {
    cwd,
  });
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0], /^run +model +parameters .* validation loss$/);
  assertMatch(lines[1], /^a +pre-norm 1 × 32 /);
  assertMatch(lines[2], /^plain +pre-norm 1 × 32 /);
  assertEquals(lines.at(-1), "charts in r.html");
  const page = await Deno.readTextFile(shop.at("r.html"));
  assert(page.includes("<figcaption>Gradient norm by layer</figcaption>"));

  await fails(["report"], /Cannot report as no run is given/, { cwd });
  await fails(["report", "text"], /'text' as it holds no run/, { cwd });
  await fails(["report", "a", "--out", "no/r.html"], /Cannot write 'no\/r/, {
    cwd,
  });
});
