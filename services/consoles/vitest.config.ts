import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    include: ["*/test/**/*.test.{ts,tsx}"],
    setupFiles: ["./test-setup.ts"],
    // Its modules name style sheets, which Node does not know.
    server: { deps: { inline: [/@cloudscape-design/, /@fontsource/] } },
    css: false,
    restoreMocks: true,
  },
});
