"""An OpenID Connect issuer of our own on the loopback: strict about everything it gets."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "signalbox"
CLIENT_SECRET = "planted-client-secret-of-the-portal"
Params = dict[str, str]
Reply = tuple[int, dict[str, Any] | None, dict[str, str]]


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Answers as `claims` says; `mend` may spoil an ID token before it is signed."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.claims: dict[str, Any] = {}
        self.mend: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign_with = signing_key()
        self.userinfo_subject: str | None = None
        self.problems: list[str] = []
        self._codes: dict[str, Params] = {}
        self._access: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Issuer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                issuer._answer(self, parts.path, _flat(parts.query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                issuer._answer(self, urlsplit(self.path).path, _flat(body))

            def log_message(self, *_: object) -> None:
                return None

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler, path: str, params: Params) -> None:
        routes = {
            ("GET", "/.well-known/openid-configuration"): self._configuration,
            ("GET", "/authorize"): self._authorize,
            ("POST", "/token"): self._token,
            ("GET", "/keys"): self._keys,
            ("GET", "/userinfo"): self._userinfo,
        }
        route = routes.get((handler.command, path))
        status, body, headers = (
            route(params, handler) if route else (404, {"error": "not_found"}, {})
        )
        content = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _configuration(self, _: Params, __: BaseHTTPRequestHandler) -> Reply:
        return (
            200,
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            },
            {},
        )

    def _authorize(self, params: Params, _: BaseHTTPRequestHandler) -> Reply:
        wanted = {
            "client_id": params.get("client_id") == CLIENT_ID,
            "redirect_uri": params.get("redirect_uri") == self.redirect_uri,
            "response_type": params.get("response_type") == "code",
            "scope": "openid" in params.get("scope", "").split(),
            "code_challenge": len(params.get("code_challenge", "")) >= 43,
            "code_challenge_method": params.get("code_challenge_method") == "S256",
            "state": len(params.get("state", "")) >= 8,
        }
        if wrong := [name for name, right in wanted.items() if not right]:
            self.problems += wrong
            return 400, {"error": "invalid_request", "wrong": wrong}, {}
        code = secrets.token_urlsafe(16)
        self._codes[code] = params
        query = urlencode({"code": code, "state": params["state"]})
        return 302, None, {"Location": f"{self.redirect_uri}?{query}"}

    def _token(self, params: Params, handler: BaseHTTPRequestHandler) -> Reply:
        asked = self._codes.pop(params.get("code", ""), None)  # a code works once
        digest = hashlib.sha256(params.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        wanted = {
            "client authentication": handler.headers.get("Authorization") == f"Basic {basic}",
            "grant_type": params.get("grant_type") == "authorization_code",
            "code": asked is not None,
            "code_verifier": asked is not None and asked["code_challenge"] == challenge,
            "redirect_uri": params.get("redirect_uri") == self.redirect_uri,
        }
        if wrong := [name for name, right in wanted.items() if not right]:
            self.problems += wrong
            return 400, {"error": "invalid_grant"}, {}
        access = secrets.token_urlsafe(16)
        self._access.add(access)
        body = {"access_token": access, "token_type": "Bearer", "id_token": self._id_token()}
        return 200, {**body, "expires_in": 300}, {}

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **self.claims}
        return jwt.encode(
            self.mend(claims), self.sign_with, algorithm="RS256", headers={"kid": "one"}
        )

    def _keys(self, _: Params, __: BaseHTTPRequestHandler) -> Reply:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key(), as_dict=True)
        return 200, {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}, {}

    def _userinfo(self, _: Params, handler: BaseHTTPRequestHandler) -> Reply:
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._access:
            return 401, {"error": "invalid_token"}, {}
        subject = self.userinfo_subject or self.claims["sub"]
        return 200, {**self.claims, "sub": subject}, {}


def _flat(query: str) -> Params:
    return {name: values[0] for name, values in parse_qs(query).items()}
