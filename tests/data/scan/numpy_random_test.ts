import { assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { numpyPermutation } from "../../../src/data/scan/numpy_random.ts";

/**
 * n, seed, first five and the start of the SHA-256 of
 * `numpy.random.default_rng(seed).permutation(n)` as 32-bit little-endian
 * integers, by NumPy 2.4.6.
 */
const BY_NUMPY: [number, number, number[], string][] = [
  [0, 0, [], "e3b0c44298fc1c14"],
  [0, 1, [], "e3b0c44298fc1c14"],
  [0, 42, [], "e3b0c44298fc1c14"],
  [0, 4294967295, [], "e3b0c44298fc1c14"],
  [0, 4294967296, [], "e3b0c44298fc1c14"],
  [0, 9007199254740991, [], "e3b0c44298fc1c14"],
  [1, 0, [0], "df3f619804a92fdb"],
  [1, 1, [0], "df3f619804a92fdb"],
  [1, 42, [0], "df3f619804a92fdb"],
  [1, 4294967295, [0], "df3f619804a92fdb"],
  [1, 4294967296, [0], "df3f619804a92fdb"],
  [1, 9007199254740991, [0], "df3f619804a92fdb"],
  [2, 0, [0, 1], "01acecb507abfe1a"],
  [2, 1, [0, 1], "01acecb507abfe1a"],
  [2, 42, [1, 0], "7c9fa136d4413fa6"],
  [2, 4294967295, [0, 1], "01acecb507abfe1a"],
  [2, 4294967296, [0, 1], "01acecb507abfe1a"],
  [2, 9007199254740991, [0, 1], "01acecb507abfe1a"],
  [3, 0, [2, 0, 1], "0db201e8371010e5"],
  [3, 1, [0, 1, 2], "ad5dc1478de06a4c"],
  [3, 42, [2, 1, 0], "363f012b74b9c88d"],
  [3, 4294967295, [2, 0, 1], "0db201e8371010e5"],
  [3, 4294967296, [2, 0, 1], "0db201e8371010e5"],
  [3, 9007199254740991, [2, 0, 1], "0db201e8371010e5"],
  [10, 0, [4, 6, 2, 7, 3], "4955438a08f34afd"],
  [10, 1, [8, 4, 7, 0, 1], "41eb7b0a92571581"],
  [10, 42, [5, 6, 0, 7, 3], "7065ee2333fd6fbf"],
  [10, 4294967295, [0, 1, 4, 8, 3], "2be6804780fb2c35"],
  [10, 4294967296, [9, 1, 3, 8, 7], "eca120682d0dcbce"],
  [10, 9007199254740991, [6, 7, 8, 9, 2], "1338d4cbc287c98a"],
  [1000, 0, [459, 206, 222, 162, 711], "b9fb7ed6a6e0f013"],
  [1000, 1, [705, 649, 543, 927, 577], "452564f7aec3c90f"],
  [1000, 42, [978, 933, 859, 916, 127], "7f19183d29590582"],
  [1000, 4294967295, [886, 862, 591, 711, 394], "2377bc1d6fb6ccf2"],
  [1000, 4294967296, [144, 255, 317, 766, 751], "d067e914e1c3cd87"],
  [1000, 9007199254740991, [653, 155, 885, 210, 174], "057e02a4de94c9ba"],
  [606720, 0, [558839, 346738, 545714, 419020, 527829], "87cfce9f80927f94"],
  [606720, 1, [261428, 549668, 418560, 21546, 114173], "bdc4049bcb6d0f87"],
  [1048583, 0, [1000977, 8504, 240598, 841740, 615084], "f4aeb97617a6d5ba"],
  [1048583, 1, [119132, 890279, 325481, 570413, 947655], "6c51b4b6e3103e80"],
  [1048583, 42, [450012, 167200, 275023, 1022176, 299197], "ceaf40da168daa35"],
  [
    1048583,
    4294967295,
    [975078, 163855, 870358, 89867, 962377],
    "0a482c59193382a1",
  ],
  [
    1048583,
    4294967296,
    [640992, 796114, 185691, 672223, 575235],
    "01c35ae57e6d3439",
  ],
  [
    1048583,
    9007199254740991,
    [437777, 328131, 351412, 833920, 574594],
    "ab7261fa297a8953",
  ],
];

Deno.test("numpyPermutation() is NumPy's, number for number", () => {
  for (const [n, seed, first, sha256] of BY_NUMPY) {
    const order = numpyPermutation(n, seed);
    assertEquals([...order.subarray(0, 5)], first, `${n} by seed ${seed}`);
    const digest = createHash("sha256")
      .update(new Uint8Array(order.buffer)).digest("hex");
    assertEquals(digest.slice(0, 16), sha256, `${n} by seed ${seed}`);
  }
});

Deno.test("numpyPermutation() refuses what it cannot permute", () => {
  for (
    const [n, seed] of [[-1, 0], [2 ** 32, 0], [1.5, 0], [3, -1], [3, 0.5]]
  ) {
    assertThrows(() => numpyPermutation(n, seed), RangeError, "Cannot ");
  }
});
