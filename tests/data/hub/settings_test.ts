import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { hubSettings } from "../../../src/data/hub/mod.ts";
import { UserError } from "../../../src/errors.ts";

/**
 * Runs `work` with these environment variables and no others of the Hub client.
 */
function withEnv(env: Record<string, string>, work: () => void): void {
  const names = [
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_HOME",
    "HF_TOKEN_PATH",
    "HOME",
    "HF_HUB_OFFLINE",
    "XDG_CACHE_HOME",
  ];
  const before = names.map((name) => Deno.env.get(name));
  try {
    for (const name of names) {
      if (name in env) Deno.env.set(name, env[name]);
      else Deno.env.delete(name);
    }
    work();
  } finally {
    for (const [i, name] of names.entries()) {
      if (before[i] === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before[i]);
    }
  }
}

Deno.test("hubSettings() reads the endpoint and rejects an invalid one", () => {
  withEnv({ HF_HOME: "/none" }, () => {
    assertEquals(hubSettings().endpoint, "https://huggingface.co");
    assertEquals([hubSettings().token, hubSettings().offline], [null, false]);
  });
  withEnv({ HF_HOME: "/none", HF_ENDPOINT: "http://mirror:80/hf/" }, () => {
    assertEquals(hubSettings().endpoint, "http://mirror/hf");
  });
  for (const HF_ENDPOINT of ["mirror", "file:///x", "https://a:b@c", "x://y"]) {
    withEnv({ HF_ENDPOINT }, () => {
      assertEquals(
        assertThrows(hubSettings, UserError).message,
        "Cannot reach the Hub as HF_ENDPOINT must be a URL such as " +
          `https://huggingface.co: got "${HF_ENDPOINT}"`,
      );
    });
  }
});

Deno.test("hubSettings() reads the token from variables first, then from the file", async () => {
  const home = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(home, "token"), "hf_file\n");
    const HF_HOME = home, HUGGING_FACE_HUB_TOKEN = "hf_old";
    const token = () => hubSettings().token;
    withEnv({ HF_HOME }, () => assertEquals(token(), "hf_file"));
    withEnv(
      { HF_HOME, HUGGING_FACE_HUB_TOKEN },
      () => assertEquals(token(), "hf_old"),
    );
    withEnv(
      { HF_HOME, HUGGING_FACE_HUB_TOKEN, HF_TOKEN: " hf_new " },
      () => assertEquals(token(), "hf_new"),
    );
    await Deno.mkdir(join(home, "huggingface"));
    await Deno.writeTextFile(join(home, "huggingface", "token"), "hf_xdg");
    withEnv(
      { XDG_CACHE_HOME: home },
      () => assertEquals(token(), "hf_xdg"),
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("hubSettings() rejects an invalid token without showing it", () => {
  withEnv({ HF_TOKEN: "hf_a\nb" }, () => {
    assertEquals(
      assertThrows(hubSettings, UserError).message,
      "Cannot use the token in HF_TOKEN as it must be printable ASCII characters without spaces",
    );
  });
});

Deno.test("hubSettings() is offline if HF_HUB_OFFLINE is set", () => {
  for (const HF_HUB_OFFLINE of ["1", "true", "YES", "on", "0", ""]) {
    withEnv({ HF_HOME: "/none", HF_HUB_OFFLINE }, () => {
      assertEquals(
        hubSettings().offline,
        HF_HUB_OFFLINE.length > 0 &&
          HF_HUB_OFFLINE !== "0",
      );
    });
  }
});

Deno.test("hubSettings() expands '~' in the variables, as huggingface_hub does", async () => {
  const HOME = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(HOME, "huggingface"));
    await Deno.writeTextFile(join(HOME, "huggingface", "token"), "hf_file");
    await Deno.writeTextFile(join(HOME, "other"), "hf_other");
    for (
      const [env, token] of [
        [{ HF_HOME: "~/huggingface" }, "hf_file"],
        [{ XDG_CACHE_HOME: "~" }, "hf_file"],
        [{ HF_TOKEN_PATH: "~/other", HF_HOME: "~/huggingface" }, "hf_other"],
        [{}, null],
      ] as const
    ) {
      withEnv({ HOME, ...env }, () => assertEquals(hubSettings().token, token));
    }
  } finally {
    await Deno.remove(HOME, { recursive: true });
  }
});
