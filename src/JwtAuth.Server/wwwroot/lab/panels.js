// Panel 3: who holds what of the chosen login.
import { readable } from './credentials.js';
import { isLiving } from './logins.js';
import { at, clock, fillFacts } from './page.js';
import { hideToken, showToken } from './tokenview.js';

const REPLY = { refresh_token: 'refresh token', access_token: 'access token', session: 'session', signed_cookie: 'signed cookie' };

export function showHeld(credential, login) {
  at('sides').hidden = !login;
  at('nothing-held').hidden = Boolean(login);
  if (!login) {
    hideToken();
    return;
  }
  fillFacts(at('browser'), isLiving(login) ? browserFacts(credential, login) : formerFacts(credential, login));
  fillFacts(at('server'), serverFacts(login));
  const { sub, username, roles, scope, scheme, expires_at: end } = login.me;
  fillFacts(at('me'), [
    ['username', username], ['sub', sub], ['scheme', scheme], ['scope', scope || 'none'], ['roles', roles.join(', ') || 'none'],
    ['expires_at', end ? clock(end) : 'never'],
  ]);
  if (credential.kind === 'bearer') showToken(login.held.token, login.receivedAt, !isLiving(login));
  else hideToken();
}

function browserFacts(credential, login) {
  const authorization = credential.authorization?.(login.held);
  const told = login.copies.find((copy) => copy.kind === credential.kind)?.bytes;
  const bytes = authorization ? `Authorization: ${authorization}\r\n`.length : told;
  return [
    ...credential.browser(login.held),
    ['Bytes that it adds to each request', bytes ? String(bytes) : 'not for this page to see: the thief tells, when it has a copy'],
    ...login.copies.filter((copy) => copy.kind === 'refresh_token')
      .map((copy) => ['Bytes of the refresh cookie, with requests to /auth', String(copy.bytes)]),
  ];
}

function formerFacts(credential, login) {
  if (login.state === 'unreached') {
    return [
      [credential.name, 'used no more; below is what it was'],
      ['Cookie', 'still there: the service was not reached, and it alone can clear it'], readable(),
    ];
  }
  if (login.held.token) {
    return [[credential.name, credential.kind === 'bearer' ? 'used no more; below is what it was' : 'used no more'], readable()];
  }
  if (credential.ending) return [[credential.name, 'worth nothing any more']];
  const fate = { 'password changed': 'worth nothing any more', replaced: 'replaced by another' };
  const isForgotten = login.state === 'loggedout' && login.ended;
  return [[credential.name, isForgotten ? 'the browser was told to forget it' : fate[login.done] ?? 'over'], readable()];
}

function serverFacts(login) {
  if (isLiving(login)) {
    const answer = ['Answer to POST /auth/logout', 'some login of the account is over; this is none, and goes on'];
    return login.hasLoggedOut ? [answer, ...login.facts] : login.facts;
  }
  if (login.state === 'unreached') return [['Not reached', login.why]];
  return [...(login.why ? [['Over', login.why]] : []), ...(login.ended ? answered(login.ended) : [])];
}

// What a logout has ended, and who does not know.
function answered(reply) {
  const ended = Object.keys(REPLY).filter((name) => reply[name] !== 'none').map((name) => `${REPLY[name]} ${reply[name]}`);
  const isFooled = reply.access_token !== 'none' || reply.signed_cookie !== 'none';
  const isFooledHere = reply.access_token === 'live' || reply.signed_cookie === 'live';
  const fooled = isFooledHere ? 'this service too' : 'those who hear no denials';
  return [
    ['POST /auth/logout answered', ended.join(', ') || 'nothing of that kind was there'],
    ['Whom a copy may still fool', isFooled ? `${fooled}, until ${clock(reply.live_until)}` : 'nobody'],
  ];
}
