// Judges access tokens with JWT verifiers that share no code with JwtAuth. JSON on stdin, verdicts as JSON on stdout.
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import jwksRsa from 'jwks-rsa';

class BadInput extends Error {}

function parseInput(source) {
  let input;
  try {
    input = JSON.parse(source);
  } catch (error) {
    throw new BadInput(`stdin is not one JSON document: ${error.message}`);
  }
  const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
  const isText = (value) => typeof value === 'string' && value !== '';
  const check = (condition, message) => {
    if (!condition) throw new BadInput(message);
  };
  check(isObject(input), 'the document must be an object');
  for (const name of ['issuer', 'jwks_uri']) {
    const isUrl = isText(input[name]) && /^https?:/.test(input[name]) && URL.canParse(input[name]);
    check(isUrl, `"${name}" must be a URL`);
  }
  check(isText(input.audience), '"audience" must be a string');
  const { algorithms, tokens } = input;
  const isAsymmetric = (name) => isText(name) && /^(RS|PS|ES)(256|384|512)$/.test(name);
  const areAsymmetric = Array.isArray(algorithms) && algorithms.length > 0 && algorithms.every(isAsymmetric);
  check(areAsymmetric, '"algorithms" must list RS, PS or ES algorithms');
  const values = isObject(tokens) ? Object.values(tokens) : [];
  check(values.length > 0 && values.every((token) => typeof token === 'string'), '"tokens" must map names to strings');
  return input;
}

// `verify` throws unless the token is good.
async function judgeAll(tokens, verify) {
  const verdicts = [];
  for (const [name, token] of Object.entries(tokens)) {
    try {
      await verify(token);
      verdicts.push([name, 'accepted']);
    } catch (error) {
      const code = error.code ?? error.cause?.code;
      verdicts.push([name, `refused: ${code ? `${code}: ` : ''}${error.message}`]);
    }
  }
  return Object.fromEntries(verdicts);
}

function withJose({ issuer, jwks_uri, audience, algorithms, tokens }) {
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  return judgeAll(tokens, (token) => jwtVerify(token, keys, { issuer, audience, algorithms, typ: 'at+jwt' }));
}

function withJsonwebtoken({ issuer, jwks_uri, audience, algorithms, tokens }) {
  const client = jwksRsa({ jwksUri: jwks_uri });
  return judgeAll(tokens, async (token) => {
    const decoded = jsonwebtoken.decode(token, { complete: true });
    if (!decoded) throw new Error('jwt malformed');
    const key = await client.getSigningKey(decoded.header.kid);
    jsonwebtoken.verify(token, key.getPublicKey(), { issuer, audience, algorithms });
  });
}

// A protected API which knows the issuer's address and finds the rest by discovery.
// Strict: what RFC 9068 demands of an access token, its type first.
function createApi({ issuer, audience, algorithms }) {
  // The library reads these as defaults; left set, they would replace what it discovers.
  for (const name of ['ISSUER', 'JWKS_URI', 'SECRET', 'TOKEN_SIGNING_ALG']) delete process.env[name];
  const allowed =
    algorithms.length === 1
      ? { tokenSigningAlg: algorithms[0] }
      : { validators: { algorithms: (_value, _claims, header) => algorithms.includes(header.alg) } };
  const api = express();
  api.get('/orders', auth({ issuerBaseURL: issuer, audience, strict: true, ...allowed }), (req, res) => {
    res.json({ sub: req.auth.payload.sub });
  });
  api.use((error, _req, res, _next) => {
    res.status(error.status ?? 500).set(error.headers ?? {}).json({ error: error.message });
  });
  return api;
}

async function withExpress(input) {
  const server = createApi(input).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    const url = `http://127.0.0.1:${server.address().port}/orders`;
    return await judgeAll(input.tokens, async (token) => {
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${response.headers.get('www-authenticate')}`);
    });
  } finally {
    server.close();
    server.closeAllConnections();
    // The library leaves the body of a failed discovery answer unread, and that socket would keep the process alive.
    for (const { globalAgent } of [http, https]) globalAgent.destroy();
  }
}

try {
  const input = parseInput(await text(process.stdin));
  const verdicts = {
    jose: await withJose(input),
    jsonwebtoken: await withJsonwebtoken(input),
    'express-oauth2-jwt-bearer': await withExpress(input),
  };
  console.log(JSON.stringify(verdicts, null, 2));
} catch (error) {
  if (!(error instanceof BadInput)) throw error;
  console.error(`verify.mjs: ${error.message}`);
  process.exitCode = 2;
}
