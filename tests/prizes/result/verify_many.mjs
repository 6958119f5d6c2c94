// Verifies many documents with docs/reference/verify.mjs: `node verify_many.mjs FILE`, FILE a JSON list of {text, keys}.
import { readFileSync } from "node:fs";
import { readKeys, verify } from "../../../docs/reference/verify.mjs";

const found = [];
for (const { text, keys } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  found.push(await verify(text, keys === null ? null : await readKeys(keys)));
}
console.log(JSON.stringify(found));
