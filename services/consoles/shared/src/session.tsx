// Who is signed in. The code grant with PKCE on the hosted pages; tokens are in memory and nowhere
// else, so a page that is loaded anew asks the hosted pages again, whose own session still stands.
import { InMemoryWebStorage, WebStorageStateStore, type UserManagerSettings } from "oidc-client-ts";
import { createContext, useContext, useEffect, useLayoutEffect, useMemo, useState, type ReactNode } from "react";
import { AuthProvider, useAuth, type AuthContextProps } from "react-oidc-context";
import type { Credentials } from "./client.ts";
import type { Auth } from "./config.ts";
import { Landing, Waiting } from "./landing.tsx";
import { texts } from "./texts.ts";

/** Says that this tab was signed in, so that loading it anew signs in again unasked. No secret. */
const SIGNED_IN = "ecs-saas.signed-in";
/** A token this young that is refused is not refused for its age: asking again would go on for ever. */
const YOUNG_SECONDS = 20;

/** Let the next page that is opened not sign in unasked. */
export function forget(): void {
  sessionStorage.removeItem(SIGNED_IN);
}

export interface Session {
  readonly userName: string;
  readonly email: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly access: Credentials;
  readonly identity: Credentials;
  readonly signOut: () => void;
}

const Current = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(Current);
  if (session === undefined) throw new Error("there is no session around this component");
  return session;
}

export function settingsOf(auth: Auth, origin: string): UserManagerSettings {
  const at = (path: string) => `${auth.domain}${path}`;
  return {
    authority: auth.authority,
    client_id: auth.clientId,
    redirect_uri: `${origin}/`,
    response_type: "code",
    scope: auth.scopes.join(" "),
    // Said here, so that nothing has to be asked of another host first.
    metadata: {
      issuer: auth.authority,
      authorization_endpoint: at("/oauth2/authorize"),
      token_endpoint: at("/oauth2/token"),
      userinfo_endpoint: at("/oauth2/userInfo"),
      revocation_endpoint: at("/oauth2/revoke"),
    },
    loadUserInfo: false,
    automaticSilentRenew: true,
    monitorSession: false,
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    // The verifier of a sign-in that is under way; it is of no use once the code has been redeemed.
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
  };
}

interface Properties {
  readonly auth: Auth;
  readonly title: string;
  readonly lead: string;
  readonly children: ReactNode;
}

export function SessionProvider({ auth, title, lead, children }: Properties) {
  const settings = useMemo(() => settingsOf(auth, location.origin), [auth]);
  const arrive = (user: unknown) => {
    const state = (user as { state?: { path?: unknown } } | undefined)?.state;
    const path = typeof state?.path === "string" && /^\/(?!\/)/.test(state.path) ? state.path : "/";
    sessionStorage.setItem(SIGNED_IN, "yes");
    history.replaceState(undefined, "", path);
  };
  return (
    <AuthProvider {...settings} onSigninCallback={arrive}>
      <Gate auth={auth} title={title} lead={lead}>
        {children}
      </Gate>
    </AuthProvider>
  );
}

/** What the last sign-in gave, for those who ask later than a page was drawn. */
class Latest {
  #oidc: AuthContextProps | undefined;
  #since = 0;
  #renewing = false;

  note(oidc: AuthContextProps): void {
    if (oidc.user?.access_token !== this.#oidc?.user?.access_token) this.#since = Date.now();
    this.#oidc = oidc;
  }

  signIn(): void {
    const path = location.pathname + location.search + location.hash;
    void this.#oidc?.signinRedirect({ state: { path } });
  }

  credentials(which: "access_token" | "id_token"): Credentials {
    return {
      token: () => this.#oidc?.user?.[which],
      refused: () => {
        if (Date.now() - this.#since > YOUNG_SECONDS * 1000) this.#renew();
      },
    };
  }

  /** Ask for new tokens, once for all that were refused: the page stays, with what is typed into it. */
  #renew(): void {
    if (this.#renewing || this.#oidc === undefined) return;
    this.#renewing = true;
    void this.#oidc
      .signinSilent()
      .catch(() => null)
      .then((user) => {
        this.#renewing = false;
        if (!user) this.signIn();
      });
  }

  signOut(auth: Auth): void {
    forget();
    const query = new URLSearchParams({ client_id: auth.clientId, logout_uri: `${location.origin}/` });
    void this.#oidc?.removeUser().then(() => location.assign(`${auth.domain}/logout?${query.toString()}`));
  }
}

function Gate({ auth, title, lead, children }: Properties) {
  const oidc = useAuth();
  const { user, isLoading, activeNavigator, error } = oidc;
  const [latest] = useState(() => new Latest());
  useLayoutEffect(() => {
    latest.note(oidc);
  });

  const nobody = !user && !isLoading && !activeNavigator && !error;
  const unasked = nobody && sessionStorage.getItem(SIGNED_IN) === "yes";
  useEffect(() => {
    if (unasked) latest.signIn();
  }, [unasked, latest]);

  const profile = user?.profile;
  const session = useMemo<Session | undefined>(() => {
    if (!profile) return undefined;
    const claims: Record<string, unknown> = { ...profile };
    return {
      userName: text(claims["cognito:username"]) ?? profile.sub,
      email: text(claims["email"]) ?? "",
      claims,
      access: latest.credentials("access_token"),
      identity: latest.credentials("id_token"),
      signOut: () => latest.signOut(auth),
    };
  }, [profile, auth, latest]);

  if (session !== undefined) return <Current value={session}>{children}</Current>;
  if (error) {
    const again = () => {
      forget();
      history.replaceState(undefined, "", "/");
      latest.signIn();
    };
    return <Landing title={title} lead={texts.session.failed} problem={error.message} action={texts.session.again} onAction={again} />;
  }
  if (!nobody || unasked) return <Waiting text={texts.session.signingIn} />;
  return <Landing title={title} lead={lead} action={texts.session.signIn} onAction={() => latest.signIn()} hint={texts.session.hint} />;
}

const text = (claim: unknown): string | undefined => (typeof claim === "string" ? claim : undefined);

export { Current as SessionContext };
