// A JWT taken apart: what each name in it is for.

import { clock } from './page.js';

const HEADER = {
  alg: 'How it is signed (RFC 7515 §4.1.1). The check takes the algorithm from the key, never from here.',
  kid: 'Which key has signed it (RFC 7515 §4.1.4): one of /.well-known/jwks.json.',
  typ: 'That it is an access token, and no other kind of JWT (RFC 9068 §2.1).',
};

const CLAIMS = {
  iss: 'Who has issued it (RFC 7519 §4.1.1).',
  sub: 'Whose it is: the account, by an identity that is never given twice (§4.1.2).',
  aud: 'Which API it is for; any other refuses it (§4.1.3).',
  exp: 'When it is over (§4.1.4). The one end that every API knows of.',
  nbf: 'Before this it is not good (§4.1.5).',
  iat: 'When it was issued (§4.1.6).',
  jti: 'Its own name, by which it can be denied alone (§4.1.7).',
  client_id: 'The client that it was issued to (RFC 8693 §4.3).',
  scope: 'What it may, granted and not claimed (RFC 8693 §4.2).',
  roles: 'The account’s roles when it was issued (RFC 9068 §2.2.3.1).',
  username: 'A name for people to read.',
  sid: 'The login that it comes from: a logout denies all tokens of it (OpenID Connect Front-Channel Logout §3).',
  gen: 'The account’s generation: a new password makes every older one void.',
};

const TIMES = new Set(['exp', 'nbf', 'iat']);

/** Its parts as text, and each member of header and claims as [name, value, meaning]. */
export function apart(token) {
  const parts = token.split('.');
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(textOf(part)));
  const rows = (members, meanings) => Object.entries(members)
    .map(([name, value]) => [name, shown(name, value), meanings[name] ?? 'Not one of this service’s.']);
  return { parts, claims, rows: [...rows(header, HEADER), ...rows(claims, CLAIMS)] };
}

function shown(name, value) {
  if (TIMES.has(name)) return `${value} (${clock(value * 1000)})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textOf(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
