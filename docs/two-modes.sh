#!/usr/bin/env bash
# Starts the service twice, once with its denylist and once purely stateless, logs in at both, keeps a copy of the tokens as a thief
# would, logs out, and tries the copies. Arguments: two free ports (5081 and 5082). Needs curl and the .NET 10 SDK (or JWTAUTH_SERVER, the path of a built JwtAuth.Server.dll).
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
data=$(mktemp -d) pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$data"' EXIT

if [ -z "${JWTAUTH_SERVER:-}" ]; then
    dotnet publish src/JwtAuth.Server -c Release -o "$data/server" -v q --nologo >&2
    JWTAUTH_SERVER=$data/server/JwtAuth.Server.dll
fi

# serve NAME PORT DENYLIST: Development, so that it makes its own master key; tokens that live for half a minute, so that nobody has to wait long.
serve() {
    if curl -s -o /dev/null "http://localhost:$2/health/live"; then echo "port $2 is taken; name two others: $0 PORT PORT" >&2; exit 1; fi
    env ASPNETCORE_ENVIRONMENT=Development ASPNETCORE_URLS="http://localhost:$2" JwtAuth__Issuer="http://localhost:$2" JwtAuth__Audiences__0=orders \
        JwtAuth__DataDirectory="$data/$1" JwtAuth__Denylist__Enabled="$3" JwtAuth__AccessTokens__Lifetime=00:00:30 JwtAuth__AccessTokens__ClockSkew=0 \
        JwtAuth__SigningKeys__Algorithm=ES256 JwtAuth__Passwords__WorkFactor=10 JwtAuth__Registration__Open=true \
        dotnet "$JWTAUTH_SERVER" >"$data/$1.log" 2>&1 &
    pids+=($!)
    curl -s -o /dev/null --retry 400 --retry-delay 0 --retry-max-time 120 --retry-all-errors "http://localhost:$2/health/ready" || { cat "$data/$1.log" >&2; exit 1; }
}
on=${1:-5081} off=${2:-5082}
serve on "$on" true
serve off "$off" false

post() { curl -s -X POST "http://localhost:$1$2" -H 'Content-Type: application/json' "${@:3}"; }
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
member() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }
me() { status "http://localhost:$1/me" -H "Authorization: Bearer ${access[$1]}"; }
row() { printf '%-46s %-12s %s\n' "$@"; }

declare -A access refresh said
for port in "$on" "$off"; do
    post "$port" /auth/register -d '{"username":"alice","password":"a quiet harbour at dawn"}' >/dev/null
    login=$(post "$port" /auth/login -d '{"username":"alice","password":"a quiet harbour at dawn","scope":"offline_access"}')
    access[$port]=$(member access_token <<<"$login") refresh[$port]=$(member refresh_token <<<"$login")
done
row "" "denylist" "stateless"
row "GET /me with the access token" "$(me "$on")" "$(me "$off")"
for port in "$on" "$off"; do said[$port]=$(post "$port" /auth/logout -H "Authorization: Bearer ${access[$port]}"); done
row "POST /auth/logout: the refresh token is" "$(member refresh_token <<<"${said[$on]}")" "$(member refresh_token <<<"${said[$off]}")"
row "POST /auth/logout: the access token is" "$(member access_token <<<"${said[$on]}")" "$(member access_token <<<"${said[$off]}")"
row "GET /me with a copy of the access token" "$(me "$on")" "$(me "$off")"
try_refresh() { status "http://localhost:$1/auth/refresh" -H 'Content-Type: application/json' -d "{\"refresh_token\":\"${refresh[$1]}\"}"; }
row "POST /auth/refresh with a copy" "$(try_refresh "$on")" "$(try_refresh "$off")"
try_revoke() { status -X POST "http://localhost:$1/auth/logout/everywhere" -H "Authorization: Bearer ${access[$1]}"; }
row "POST /auth/logout/everywhere with the copy" "$(try_revoke "$on")" "$(try_revoke "$off")"
until [ "$(me "$off")" = 401 ]; do sleep 0.2; done
row "GET /me with the copy, after live_until" "$(me "$on")" "$(me "$off")"
