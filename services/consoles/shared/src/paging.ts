// Pages of a list whose API knows the way forward only: the tokens of those that were seen are kept.
import { useState } from "react";
import { texts } from "./texts.ts";

export interface Paging {
  /** Of the page that is shown. */
  readonly token: string;
  readonly begin: () => void;
  /** For Cloudscape's Pagination; `next` is the token that the page shown came with. */
  readonly properties: (next: string | undefined) => {
    readonly currentPageIndex: number;
    readonly pagesCount: number;
    readonly openEnd: boolean;
    readonly ariaLabels: { readonly nextPageLabel: string; readonly previousPageLabel: string; readonly pageLabel: (number: number) => string };
    readonly onChange: (event: { readonly detail: { readonly currentPageIndex: number } }) => void;
  };
}

export function useTokens(): Paging {
  const [seen, setSeen] = useState<{ readonly tokens: readonly string[]; readonly at: number }>({ tokens: [""], at: 0 });
  return {
    token: seen.tokens[seen.at] ?? "",
    begin: () => setSeen({ tokens: [""], at: 0 }),
    properties: (next) => ({
      currentPageIndex: seen.at + 1,
      pagesCount: next ? Math.max(seen.at + 2, seen.tokens.length) : seen.at + 1,
      openEnd: Boolean(next),
      ariaLabels: { nextPageLabel: texts.table.next, previousPageLabel: texts.table.previous, pageLabel: texts.table.page },
      onChange: ({ detail }) => {
        const wanted = detail.currentPageIndex - 1;
        setSeen(({ tokens, at }) => {
          const known = next === undefined ? tokens : [...tokens.slice(0, at + 1), next, ...tokens.slice(at + 2)];
          return { tokens: known, at: Math.min(wanted, known.length - 1) };
        });
      },
    }),
  };
}
