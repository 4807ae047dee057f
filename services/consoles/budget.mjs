// Holds what a browser loads first, compressed as CloudFront does it (Brotli), against its bound.
import { readFile, readdir } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";

const KILOBYTE = 1000;
/** Of the page that is opened first: its scripts and styles, in kilobytes. */
const BOUNDS = {
  admin: { start: "src/pages/dashboard.tsx", js: 300, css: 75 },
  tenant: { start: "src/pages/products.tsx", js: 250, css: 75 },
};

let exceeded = false;
for (const [site, bound] of Object.entries(BOUNDS)) {
  const dist = new URL(`${site}/dist/`, import.meta.url);
  const manifest = JSON.parse(await readFile(new URL("../build/manifest.json", dist), "utf8"));
  const files = { js: new Set(), css: new Set() };
  collect(manifest, "index.html", files);
  collect(manifest, bound.start, files);
  for (const kind of ["js", "css"]) {
    let bytes = 0;
    for (const file of files[kind]) bytes += brotliCompressSync(await readFile(new URL(file, dist))).length;
    const kilobytes = bytes / KILOBYTE;
    console.log(`${site} ${kind}: ${kilobytes.toFixed(1)} kB of ${bound[kind]} (Brotli, ${files[kind].size} files)`);
    exceeded ||= kilobytes > bound[kind];
  }
  const all = await readdir(new URL("assets/", dist));
  if (all.some((name) => name.endsWith(".map"))) throw new Error(`${site}: maps of the source would be served`);
}
if (exceeded) {
  console.error("more than the bound: load it with the page that needs it, or say here why the bound grows");
  process.exit(1);
}

function collect(manifest, name, files) {
  const chunk = manifest[name];
  if (chunk === undefined) throw new Error(`the manifest has no ${name}`);
  if (files.js.has(chunk.file)) return;
  files.js.add(chunk.file);
  for (const each of chunk.css ?? []) files.css.add(each);
  for (const each of chunk.imports ?? []) collect(manifest, each, files);
}
