// What the compiler does not say. Rules that ask it for types would take 20 s of a processor, not 4.
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import types from "typescript-eslint";

export default types.config(
  { ignores: ["**/dist", "**/build", "shared/src/generated"] },
  js.configs.recommended,
  ...types.configs.strict,
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { globals: globals.browser },
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "What users write is text." },
        { selector: "JSXAttribute[name.name='style']", message: "Styles stand in style sheets." },
        { selector: "CallExpression[callee.name='eval']", message: "Nothing is run that was not built." },
      ],
      "no-console": "error",
    },
  },
  {
    // Only these two keep anything in the browser, and none of it is a token.
    files: ["**/*.ts", "**/*.tsx"],
    ignores: ["shared/src/session.tsx", "shared/src/theme.ts", "tenant/src/enter.tsx", "*/test/**", "test-setup.ts"],
    rules: { "no-restricted-globals": ["error", "localStorage", "sessionStorage", "indexedDB"] },
  },
  { files: ["*/test/**"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  { files: ["**/*.js", "**/*.mjs"], languageOptions: { globals: globals.node }, rules: { "no-console": "off" } },
);
