// Makes the clients' types, and the schemas that forms are checked by, from the checked-in documents.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const documents = new URL("../documents/", import.meta.url);
const generated = new URL("./src/generated/", import.meta.url);
// What a form sends: the whole document would be three times as much to load.
const forms = ["RegistrationRequest", "UserRequest", "UserChange", "UpdateRequest", "Overrides", "MeterRequest"];

await mkdir(generated, { recursive: true });
for (const name of ["control-plane", "orders", "products", "users"]) {
  const source = new URL(`${name}.json`, documents);
  // The control plane leaves out what is as by default; a microservice answers all of it.
  const types = astToString(await openapiTS(source, { alphabetize: true, defaultNonNullable: name !== "control-plane" }));
  await keep(new URL(`${name}.ts`, generated), types);
}
const { components } = JSON.parse(await readFile(new URL("control-plane.json", documents), "utf8"));
const wanted = {};
for (const name of forms) collect(name);
await keep(new URL("forms.json", generated), JSON.stringify({ $defs: wanted }, null, 1));

function collect(name) {
  if (name in wanted) return;
  const text = JSON.stringify(components.schemas[name]);
  wanted[name] = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/"));
  for (const [, other] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) collect(other);
}

async function keep(file, text) {
  const before = await readFile(file, "utf8").catch(() => "");
  if (before === text) return;
  // Whole at once: a linter may read it while a build beside it writes.
  const path = fileURLToPath(file);
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
}
