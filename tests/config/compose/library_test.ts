import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { openLibrary } from "../../../src/config/compose/library.ts";
import { UserError } from "../../../src/errors.ts";
import { assertRefuses, withFolder } from "../../helpers/config.ts";

Deno.test("openLibrary() lists the built-in choices", () => {
  assertEquals(openLibrary().choices("model"), [
    "default",
    "default-parallel",
    "normformer",
    "op",
    "skipless",
    "skipless-parallel",
    "transformer_lm_gpt",
  ]);
});

Deno.test("openLibrary() searches the user's folder first", () => {
  withFolder({
    "model/mine.yaml": "n_layer: 2",
    "model/op.yaml": "n_layer: 7",
    "experiment/deep/er.yaml": "seed: 1",
    "unrelated/model.yaml": "n_layer: 9",
    "model/notes.txt": "not a config",
  }, (folder) => {
    const library = openLibrary(folder);
    assertEquals(library.file("model", "op", "here").tree, { n_layer: 7 });
    assertEquals(library.file("model", "mine", "here").tree, { n_layer: 2 });
    assert(library.choices("experiment").includes("deep/er"));
    assert(library.choices("experiment").includes("demo"));
    assert(!library.choices("model").includes("notes"));
    assertEquals(
      library.file("model", "mine", "here").origin("n_layer"),
      `${folder}/model/mine.yaml:1`,
    );
    assertEquals(
      library.file("model", "default", "x").path,
      "configs/model/default.yaml",
    );
  });
});

Deno.test("openLibrary() refuses unknown choices with all known ones", () => {
  assertRefuses(
    () => openLibrary().file("data", "sauce", "on the command line"),
    "Cannot choose 'data=sauce' as 'data' must be one of codeparrot, fairseq, files, source: the nearest is 'source' (on the command line)",
  );
});

Deno.test("openLibrary() never leaves its folders", () => {
  assertThrows(() => openLibrary().file("model", "../config", "x"), UserError);
});

Deno.test("openLibrary() refuses a folder that cannot be read", () => {
  assertRefuses(
    () => openLibrary("/no/such/folder"),
    "Cannot read the configs of '/no/such/folder' as '--config-dir' must be a readable folder: it does not exist",
  );
  withFolder({ "config.yaml": "" }, (folder) => {
    const error = assertThrows(
      () => openLibrary(`${folder}/config.yaml`),
      UserError,
    );
    assertStringIncludes(
      error.message,
      "must be a readable folder: it is a file",
    );
  });
});
