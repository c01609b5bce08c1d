import { assert, assertEquals } from "@std/assert";
import { inflateSync } from "node:zlib";
import { pathToFileURL } from "node:url";
import { renderReportPage } from "../../src/report/page.ts";
import { buildCharts } from "../../src/report/series.ts";
import { readRuns } from "../../src/run_folder/read_run.ts";
import { lines, place, records, write } from "../helpers/report_runs.ts";

/** Path of Chromium; undefined if it is not installed. */
async function findBrowser(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      const { success } = await new Deno.Command(name, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return name;
    } catch {
      // Not installed under this name.
    }
  }
  return undefined;
}

const browser = await findBrowser();

const FLAGS = `--headless --no-sandbox --disable-gpu --disable-quic
  --no-first-run --disable-background-networking --disable-component-update
  --disable-sync --hide-scrollbars --window-size=1400,1600`.split(/\s+/);

/** Opens `page` in the browser with `flag`; returns its standard output. */
async function open(folder: string, page: string, ...flags: string[]) {
  const { success, stdout, stderr } = await new Deno.Command(browser!, {
    args: [...FLAGS, `--user-data-dir=${folder}/profile`, ...flags, page],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Pixel rows of a PNG without interlace and with 8 bits per channel. */
function pixels(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset);
  const parts: Uint8Array[] = [];
  for (let at = 8; at < png.length;) {
    const size = view.getUint32(at);
    const kind = String.fromCharCode(...png.subarray(at + 4, at + 8));
    if (kind === "IDAT") parts.push(png.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  const width = view.getUint32(16), channels = png[25] === 6 ? 4 : 3;
  const data = inflateSync(new Uint8Array(parts.flatMap((p) => [...p])));
  const stride = width * channels;
  const out = new Uint8Array(stride * view.getUint32(20));
  for (let row = 0; row * stride < out.length; row++) {
    const filter = data[row * (stride + 1)], base = row * stride;
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : out[base + i - channels];
      const up = row === 0 ? 0 : out[base + i - stride];
      const corner = row === 0 || i < channels
        ? 0
        : out[base + i - stride - channels];
      const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner]
        .map(Math.abs);
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter];
      out[base + i] = data[base + row + 1 + i] + guess;
    }
  }
  return { out, channels };
}

/** Counts the pixels of each colour. */
function colours(png: Uint8Array): Map<string, number> {
  const { out, channels } = pixels(png), counts = new Map<string, number>();
  for (let i = 0; i < out.length; i += channels) {
    const key = out.subarray(i, i + 3).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

Deno.test({
  name: browser
    ? "a browser shows every chart of a page, on light and on dark"
    : "a browser shows every chart of a page (skipped: there is no Chromium here)",
  ignore: !browser,
  async fn() {
    using folder = place();
    const runs = readRuns([
      write(folder.at("one")),
      write(folder.at("two"), { metrics: lines(records(4)) }),
    ], () => {});
    const file = folder.at("report.html");
    await Deno.writeTextFile(file, await renderReportPage(runs));
    const page = pathToFileURL(file).href;

    const dom = await open(folder.path, page, "--dump-dom");
    for (const { title } of buildCharts(runs)) {
      assert(dom.includes(`<figcaption>${title}</figcaption>`), title);
    }
    assertEquals(dom.match(/<svg/g)?.length, buildCharts(runs).length);

    for (
      const [flags, background] of [
        [[], "255,255,255"],
        [["--force-dark-mode"], "20,23,28"],
      ] as const
    ) {
      const shot = folder.at("shot.png");
      await open(folder.path, page, ...flags, `--screenshot=${shot}`);
      const counts = colours(await Deno.readFile(shot));
      const [most] = [...counts].sort((a, b) => b[1] - a[1])[0];
      assertEquals(most, background);
      // The two runs' colours: both lines are visible.
      for (const colour of ["59,130,214", "224,123,22"]) {
        assert((counts.get(colour) ?? 0) > 200, `${colour} ${flags}`);
      }
    }
  },
});
