// What stands around a page, with a session and with an API that answers what a test says.
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { SessionContext, type Session } from "../src/session.tsx";
import { Around, newQueryClient } from "../src/start.tsx";

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: unknown;
}

export type Answers = (asked: Asked) => { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> };

/** Answer every request; return those that were sent. */
export function serving(answers: Answers): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const text = await request.clone().text();
    const asked = { method: request.method, url: new URL(request.url), headers: request.headers, body: text ? (JSON.parse(text) as unknown) : undefined };
    all.push(asked);
    const { status = 200, body, headers } = answers(asked);
    return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
  });
  return all;
}

export function signedIn(claims: Record<string, unknown>): Session {
  const credentials = { token: () => "the-token", refused: () => undefined };
  return { userName: "ann", email: "ann@example.com", claims, access: credentials, identity: credentials, signOut: () => undefined };
}

export function show(page: ReactNode, session: Session): RenderResult {
  return render(
    <Around queries={newQueryClient()}>
      <SessionContext value={session}>{page}</SessionContext>
    </Around>,
  );
}
