#!/usr/bin/python3
"""Judges access tokens with PyJWT, as verify.mjs does with its verifiers. JSON on stdin, verdicts as JSON on stdout."""
import json
import re
import sys
import urllib.parse
import urllib.request

import jwt


class BadInput(Exception):
    pass


def require(condition, message):
    if not condition:
        raise BadInput(message)


def is_text(value):
    return isinstance(value, str) and value != ""


def is_url(value):
    if not is_text(value):
        return False
    try:
        url = urllib.parse.urlsplit(value)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.netloc)


def is_asymmetric(name):
    return isinstance(name, str) and re.fullmatch("(RS|PS|ES)(256|384|512)", name) is not None


def parse_input(source):
    try:
        document = json.loads(source)
    except ValueError as error:
        raise BadInput(f"stdin is not one JSON document: {error}") from error
    require(isinstance(document, dict), "the document must be an object")
    for name in ("issuer", "jwks_uri"):
        require(is_url(document.get(name)), f'"{name}" must be a URL')
    require(is_text(document.get("audience")), '"audience" must be a string')
    algorithms, tokens = document.get("algorithms"), document.get("tokens")
    require(
        isinstance(algorithms, list) and algorithms and all(map(is_asymmetric, algorithms)),
        '"algorithms" must list RS, PS or ES algorithms',
    )
    require(
        isinstance(tokens, dict) and tokens and all(isinstance(token, str) for token in tokens.values()),
        '"tokens" must map names to strings',
    )
    return document


def judge(client, token, document):
    try:
        key = client.get_signing_key_from_jwt(token).key
        jwt.decode(
            token,
            key,
            algorithms=document["algorithms"],
            audience=document["audience"],
            issuer=document["issuer"],
        )
    except Exception as error:  # whatever stops the verifier, the token was not accepted
        return f"refused: {type(error).__name__}: {error}"
    return "accepted"


def main():
    try:
        document = parse_input(sys.stdin.buffer.read())
    except BadInput as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    # The issuer is on the loopback: never ask a proxy for its keys.
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    client = jwt.PyJWKClient(document["jwks_uri"])
    verdicts = {name: judge(client, token, document) for name, token in document["tokens"].items()}
    print(json.dumps({"pyjwt": verdicts}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
