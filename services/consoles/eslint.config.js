// What the compiler does not say.
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import types from "typescript-eslint";

export default types.config(
  { ignores: ["**/dist", "**/build", "shared/src/generated"] },
  js.configs.recommended,
  ...types.configs.strictTypeChecked,
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { globals: globals.browser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      // Numbers are what templates are for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
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
    ignores: ["shared/src/session.tsx", "shared/src/theme.ts", "tenant/src/enter.tsx", "**/*.test.ts", "**/*.test.tsx"],
    rules: { "no-restricted-globals": ["error", "localStorage", "sessionStorage", "indexedDB"] },
  },
  { files: ["**/*.js", "**/*.mjs"], ...types.configs.disableTypeChecked, languageOptions: { globals: globals.node } },
);
