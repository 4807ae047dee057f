"""Cognito's pages of a pool's domain: whose they are, a forgotten password, a second factor."""

from __future__ import annotations

import html
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from ministack import app
from ministack.services import cognito

from services.local_aws.patches.registry import patch, replace, symbol

_Answer = tuple[int, dict[str, str], bytes]
_Form = Mapping[str, str]
_HOST: Final = re.compile(
    r"([a-z0-9-]+)\.auth\.(?:localhost|[a-z0-9-]+\.amazoncognito\.com)(?::\d+)?"
)
_SECONDS: Final = 180.0
_TOTP: Final = "SOFTWARE_TOKEN_MFA"
# What whoever may sign in is asked for next, by a token that only their page knows.
_pending: dict[str, dict[str, Any]] = {}


@patch
def pages_of_a_domain() -> None:
    """A domain has the pages of its own pool's clients, and nothing else.

    Stock answers them on every host for every client, and has no sign-in page under `/login`, none
    for a forgotten password, and no way to revoke a token.
    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
    """

    def asked(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], query: dict[str, Any]
        ) -> Any:
            if method != "GET" or not _is_page(headers):
                return await original(method, path, headers, query)
            given = {name: symbol(cognito, "_qp")(query, name) for name in query}
            if refused := _refused(headers, given.get("client_id", "")):
                return refused
            if path == "/forgotPassword":
                return _page("Forgot password", _forgotten(urlencode(given)))
            wanted = "/oauth2/authorize" if path == "/login" else path
            answer = await original(method, wanted, headers, query)
            return answer or (None if path == "/" else _missing())

        return handle

    def sent(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            if method != "POST" or not _is_page(headers):
                return await original(method, path, headers, body, query)
            form = dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
            back = dict(parse_qsl(form.get("back", "")))
            refused = _refused(headers, form.get("client_id") or back.get("client_id", ""))
            if refused and path.startswith("/oauth2/"):
                return symbol(cognito, "_oauth2_error")("invalid_client", "Unknown client.")
            own = _OWN.get(path)
            if refused or own:
                return refused or await own(form)  # type: ignore[misc]
            answer = await original(method, path, headers, body, query)
            return answer or _missing()

        return handle

    replace(app, "_handle_cognito_get_request", asked)
    replace(app, "_handle_cognito_body_request", sent)


def _is_page(headers: Mapping[str, str]) -> bool:
    return _HOST.fullmatch(headers.get("host", "").lower()) is not None


def _refused(headers: Mapping[str, str], client_id: str) -> _Answer | None:
    """Return the answer to a domain that no pool has, or of another pool than the client's."""
    found = _HOST.fullmatch(headers.get("host", "").lower())
    pools = [pool for _, pool in symbol(cognito, "_user_pools").all_items()]
    own = next((pool for pool in pools if found and pool.get("Domain") == found[1]), None)
    if own is None:
        return _page("Login pages unavailable", "<p>No user pool has this domain.</p>", 404)
    if client_id and client_id not in own["_clients"]:
        return _page("An error was encountered", "<p>invalid_request: unknown client</p>", 400)
    return None


def _missing() -> _Answer:
    return _page("Not found", "<p>There is no such page.</p>", 404)


@patch
def way_to_a_forgotten_password() -> None:
    """The sign-in page leads to the one for a forgotten password; stock has no such link."""

    def make(original: Callable[..., str]) -> Callable[..., str]:
        def page(
            client_id: str,
            redirect_uri: str,
            scope: str,
            state: str,
            response_type: str,
            *rest: Any,
            **more: Any,
        ) -> str:
            text = original(client_id, redirect_uri, scope, state, response_type, *rest, **more)
            challenge, method, nonce = (*rest, "", "", "")[:3]
            query = {
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "scope": scope,
                "state": state,
                "response_type": response_type,
                "code_challenge": challenge,
                "code_challenge_method": method,
                "nonce": nonce,
            }
            there = urlencode({name: value for name, value in query.items() if value})
            link = (
                f'<p><a href="/forgotPassword?{html.escape(there)}">Forgot your password?</a></p>'
            )
            return text.replace("</form>", f"</form>{link}", 1)

        return page

    replace(cognito, "_login_page_html", make)


async def _send_code(form: _Form) -> _Answer:
    back = form.get("back", "")
    client = dict(parse_qsl(back)).get("client_id", "")
    name = form.get("username", "")
    await symbol(cognito, "_dispatch_idp")("ForgotPassword", {"ClientId": client, "Username": name})
    return _page("Reset your password", _reset(back, name))


async def _reset_password(form: _Form) -> _Answer:
    back, name = form.get("back", ""), form.get("username", "")
    answer = await symbol(cognito, "_dispatch_idp")(
        "ConfirmForgotPassword",
        {
            "ClientId": dict(parse_qsl(back)).get("client_id", ""),
            "Username": name,
            "ConfirmationCode": form.get("code", ""),
            "Password": form.get("new_password", ""),
        },
    )
    if answer[0] != 200:
        return _page("Reset your password", _reset(back, name, _message(answer)))
    return 302, {"Location": f"/login?{back}", "Cache-Control": "no-store"}, b""


async def _revoke(form: _Form) -> _Answer:
    """Revoke a refresh token (RFC 7009): 200 for one that is none, too."""
    await symbol(cognito, "_dispatch_idp")(
        "RevokeToken", {"Token": form.get("token", ""), "ClientId": form.get("client_id", "")}
    )
    return 200, {"Content-Type": "application/json"}, b""


_OWN: Final[Mapping[str, Callable[[_Form], Awaitable[_Answer]]]] = {
    "/forgotPassword": _send_code,
    "/confirmForgotPassword": _reset_password,
    "/oauth2/revoke": _revoke,
}


@patch
def second_factor_on_pages() -> None:
    """Whoever has an authenticator app, or must have one, gives its code on a page of its own.

    Stock lets everybody in by the password alone, whatever the pool demands.
    """

    def issue(original: Callable[..., Any]) -> Callable[..., Any]:
        def asking(
            client_id: str, pool_id: str, redirect_uri: str, scope: str, username: str, *rest: Any
        ) -> Any:
            pool = symbol(cognito, "_get_pool_unscoped")(pool_id)
            user = pool["_users"][username]
            demanded = pool.get("MfaConfiguration", "OFF")
            enrolled = _TOTP in user.get("_mfa_enabled", [])
            if demanded == "OFF" or (demanded == "OPTIONAL" and not enrolled):
                return original(client_id, pool_id, redirect_uri, scope, username, *rest)
            token = secrets.token_urlsafe(24)
            _pending[token] = {
                "answer": lambda: original(
                    client_id, pool_id, redirect_uri, scope, username, *rest
                ),
                "user": user,
                "secret": user.get("_totp_secret", "") if enrolled else _new_secret(),
                "enrolled": enrolled,
                "until": time.time() + _SECONDS,
            }
            return _second_factor(token)

        return asking

    def submit(original: Callable[..., Any]) -> Callable[..., Any]:
        def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
            form = dict(parse_qsl(body.decode("utf-8", errors="replace")))
            token = form.get("mfa_token")
            if not token:
                return original(method, path, headers, body, query)
            asked = _pending.get(token)
            if asked is None or asked["until"] < time.time():
                _pending.pop(token, None)
                return _page("Sign in", "<p>Session has expired. Please sign in again.</p>", 400)
            if not symbol(cognito, "_totp_matches")(asked["secret"], form.get("code", "")):
                return _second_factor(token, "The code is wrong.")
            del _pending[token]
            user = asked["user"]
            user.update(_totp_secret=asked["secret"], _preferred_mfa=_TOTP)
            user["_mfa_enabled"] = sorted({*user.get("_mfa_enabled", []), _TOTP})
            return asked["answer"]()

        return handle

    replace(cognito, "_issue_auth_code_redirect", issue)
    replace(cognito, "handle_login_submit", submit)


@patch
def names_on_pages_without_case() -> None:
    """A user's name is found on the page in whatever case it is written, where the pool says so."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def authenticate(pool: dict[str, Any], username: str, password: str) -> Any:
            if (pool.get("UsernameConfiguration") or {}).get("CaseSensitive") is False:
                stored = {name.lower(): name for name in pool["_users"]}
                username = stored.get(username.lower(), username)
            return original(pool, username, password)

        return authenticate

    replace(cognito, "_authenticate_hosted_ui_user", make)


def _new_secret() -> str:
    *_, body = symbol(cognito, "_associate_software_token")({})
    return str(json.loads(body)["SecretCode"])


def _second_factor(token: str, error: str = "") -> _Answer:
    asked = _pending[token]
    setup = (
        ""
        if asked["enrolled"]
        else "<p>Add this key to your authenticator app:</p>"
        f'<p><code id="secret">{html.escape(asked["secret"])}</code></p>'
    )
    return _page(
        "Enter the code of your authenticator app",
        _error(error) + setup + '<form method="POST" action="/login">'
        f'<input type="hidden" name="mfa_token" value="{html.escape(token)}">'
        '<label for="code">Code</label><input type="text" id="code" name="code" '
        'inputmode="numeric" autocomplete="one-time-code" required autofocus>'
        '<button type="submit">Sign in</button></form>',
    )


def _forgotten(back: str) -> str:
    return (
        '<form method="POST" action="/forgotPassword">'
        f'<input type="hidden" name="back" value="{html.escape(back)}">'
        '<label for="username">Username</label>'
        '<input type="text" id="username" name="username" autocomplete="username" required>'
        '<button type="submit">Send a code</button></form>'
    )


def _reset(back: str, name: str, error: str = "") -> str:
    return (
        _error(error) + '<form method="POST" action="/confirmForgotPassword">'
        f'<input type="hidden" name="back" value="{html.escape(back)}">'
        f'<input type="hidden" name="username" value="{html.escape(name)}">'
        '<label for="code">The code that was sent to you</label>'
        '<input type="text" id="code" name="code" autocomplete="one-time-code" required>'
        '<label for="new_password">New password</label><input type="password" id="new_password" '
        'name="new_password" autocomplete="new-password" required>'
        '<button type="submit">Change password</button></form>'
    )


def _error(text: str) -> str:
    return f'<div class="error">{html.escape(text)}</div>' if text else ""


def _message(answer: Any) -> str:
    return str(json.loads(answer[2]).get("message", "The code or the password is not accepted."))


def _page(title: str, body: str, status: int = 200) -> _Answer:
    text = symbol(cognito, "_page_shell")(title, title, body)
    return status, {"Content-Type": "text/html; charset=utf-8"}, text.encode()
