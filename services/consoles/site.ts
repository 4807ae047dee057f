// How a site is built: hashed assets that never change, and a page that names them.
import react from "@vitejs/plugin-react";
import { mkdirSync, renameSync, rmdirSync } from "node:fs";
import type { Plugin, UserConfig } from "vite";

export function site(): UserConfig {
  return {
    plugins: [react(), manifestAside()],
    build: {
      target: "es2022",
      manifest: true,
      assetsInlineLimit: 0,
      // A module's preload marks would be a second list of what the page names already.
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1200,
    },
  };
}

/** What `budget.mjs` reads is no part of what is served. */
function manifestAside(): Plugin {
  let root = "";
  return {
    name: "manifest-aside",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    closeBundle() {
      mkdirSync(`${root}/build`, { recursive: true });
      renameSync(`${root}/dist/.vite/manifest.json`, `${root}/build/manifest.json`);
      rmdirSync(`${root}/dist/.vite`);
    },
  };
}
