// Parses files as modules of ECMAScript 2020: `node parse.mjs FILE…` prints {file: error} as JSON, of those that do not parse.
import { readFileSync } from "node:fs";
import { parse, tokenizer } from "./acorn.mjs";

const options = { ecmaVersion: 2020, sourceType: "module" };
const errors = {};
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  try {
    parse(text, options);
    // Lookbehind is ECMAScript 2018, but WebKit has it only since 2023.
    for (const { type, value } of tokenizer(text, options)) {
      if (type.label === "regexp" && /\(\?<[=!]/.test(value.pattern)) throw new Error(`lookbehind in ${value.pattern}`);
    }
  } catch (error) {
    errors[file] = error.message;
  }
}
console.log(JSON.stringify(errors));
