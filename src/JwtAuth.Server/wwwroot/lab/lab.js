// The lab: what its buttons do, one after another. Nothing is kept but in the variables of this page.
import { Refusal, call, wordsOf } from './api.js';
import { KINDS, jwtAuth, me, prepare, readable } from './credentials.js';
import { at, clock, enable, fillFacts, isEnabled, make } from './page.js';
import { showRows, steal, tryAfter, tryAtLast, tryBefore } from './thief.js';
import { hideToken, showToken } from './tokenview.js';

let about = null;
let account = null; // { username, password }
let isBusy = false;
const logins = new Map(); // by kind: { held, facts, copies, ended, isOut, isOver }

const chosen = () => KINDS.find(({ kind }) => kind === new FormData(at('choice')).get('kind'));
const current = () => logins.get(chosen()?.kind);
const say = (text) => (at('said').textContent = text);

// One thing at a time, and whatever goes wrong is told.
async function run(work) {
  if (isBusy) return;
  isBusy = true;
  at('error').textContent = '';
  render();
  try {
    await work();
  } catch (error) {
    at('error').textContent = wordsOf(error);
  } finally {
    isBusy = false;
    render();
  }
}

function onPress(id, work) {
  at(id).addEventListener('click', (event) => {
    event.preventDefault();
    if (isEnabled(at(id))) run(work);
  });
}

// The account

const letters = (count) => Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => 'abcdefghjkmnpqrstuvwxyz234567890'[byte % 31]).join('');
const newPassword = () => [4, 4, 4, 4].map(letters).join('-');

function typed() {
  if (!at('who').reportValidity()) throw new Refusal('A user name and a password are needed.');
  return { username: at('username').value, password: at('password').value };
}

async function makeAccount() {
  const named = typed();
  await call('POST', '/auth/register', { body: named });
  become(named);
  say(`The account ${named.username} is made.`);
}

async function useAccount() {
  const named = typed();
  await call('POST', '/auth/login', { body: named });
  become(named);
  say(`Name and password of ${named.username} are right.`);
}

function become(named) {
  account = named;
  logins.clear();
  at('who-note').textContent = `You are ${named.username}. The password stays in this page’s memory, for further logins and for Basic, and in no storage; a reload forgets it.`;
}

// The story

async function logIn(credential) {
  const login = { held: await credential.logIn(account), copies: [], ended: null, isOut: false, isOver: false };
  login.receivedAt = Date.now();
  login.facts = await credential.server(login.held);
  login.me = await me(credential, login.held);
  logins.set(credential.kind, login);
  say(`Logged in with: ${credential.name}.`);
}

async function stealCopies(credential) {
  const login = logins.get(credential.kind);
  login.copies = await steal(credential.kind, credential.authorization?.(login.held));
  const told = [];
  for (const copy of login.copies) told.push(inWords(await tryBefore(copy)));
  say(`A copy is taken, and tried: ${told.join('; ')}.`);
}

async function logOut(credential) {
  const login = logins.get(credential.kind);
  login.ended = await credential.logOut(login.held, account);
  login.isOut = true;
  say(credential.ending ? 'A login of the account is over. This credential is no login: a logout does not end it.' : 'Logged out.');
}

async function tryCopies(credential) {
  const login = logins.get(credential.kind);
  const told = [];
  for (const copy of login.copies) told.push(inWords(await (login.isOut ? tryAfter(copy, login.ended) : tryBefore(copy))));
  say(`The copy is tried${login.isOut ? ' after the logout' : ''}: ${told.join('; ')}.`);
}

async function endForGood(credential) {
  const login = logins.get(credential.kind);
  const password = newPassword();
  await credential.ending.run(login.held, account, password);
  login.isOver = login.isOut = true;
  at('password').value = account.password;
  const told = [];
  for (const copy of login.copies) told.push(inWords(await tryAtLast(copy, credential.ending.done)));
  say(`Done: ${credential.ending.done}.${told.length > 0 ? ` The copy: ${told.join('; ')}.` : ''}`);
}

async function tellAll() {
  at('thief').scrollIntoView();
  if (!account) await makeAccount();
  const stages = [logIn, stealCopies, logOut, tryCopies];
  for (const credential of KINDS.filter(({ kind }) => about.credentials.includes(kind))) {
    at(`kind-${credential.kind}`).checked = true;
    for (const stage of credential.ending ? [...stages, endForGood] : stages) {
      await stage(credential);
      render();
    }
  }
  at('thief').scrollIntoView();
  say('The whole story is told: the table has the answers.');
}

function inWords({ status, who }) {
  return status === 200 ? `it gets in${who ? ` as ${who}` : ''}` : `it is answered with ${status}`;
}

// The page

const REPLY = { refresh_token: 'Refresh token', access_token: 'Access token', session: 'Session', signed_cookie: 'Signed cookie', live_until: 'Somebody may be fooled until' };

function browserFacts(credential, login) {
  const authorization = credential.authorization?.(login.held);
  const told = login.copies.find((copy) => copy.kind === credential.kind)?.bytes;
  const bytes = authorization ? `Authorization: ${authorization}\r\n`.length : told;
  return [
    ...credential.browser(login.held),
    ['Bytes that it adds to each request', bytes ? String(bytes) : 'not for this page to see: the thief tells, when it has a copy'],
    ...login.copies.filter((copy) => copy.kind === 'refresh_token').map((copy) => ['Bytes of the refresh cookie, with requests to /auth', String(copy.bytes)]),
  ];
}

function afterLogout(credential, login) {
  if (credential.ending) return [['Answer to POST /auth/logout', 'some login of the account is over; this is none, and goes on']];
  const reply = Object.entries(login.ended ?? {}).map(([name, value]) => [`${REPLY[name] ?? name}, says POST /auth/logout`, name === 'live_until' ? clock(value) : String(value)]);
  return reply.length > 0 ? reply : [['Login', 'ended elsewhere']];
}

function render() {
  const credential = chosen(), login = current(), isReady = about !== null && !isBusy;
  const steals = isReady && about.stealing;
  enable(at('make'), isReady && about.registration);
  enable(at('use'), isReady);
  enable(at('login'), isReady && account !== null);
  enable(at('steal'), steals && login && !login.isOut);
  enable(at('logout'), isReady && login && !login.isOut);
  enable(at('try'), steals && login?.copies.length > 0);
  enable(at('end'), isReady && login && !login.isOver);
  enable(at('all'), steals && (account !== null || about.registration));
  at('end').hidden = !credential?.ending;
  at('end').textContent = credential?.ending?.label ?? '';
  at('story').setAttribute('aria-busy', String(isBusy));

  at('sides').hidden = !login;
  at('nothing-held').hidden = Boolean(login);
  if (!login) {
    hideToken();
    return;
  }
  const isGone = login.isOut && !credential.ending;
  fillFacts(at('browser'), isGone
    ? [[credential.name, login.held.token ? 'used no more; below is what it was' : 'the browser was told to forget it'], readable()]
    : browserFacts(credential, login));
  fillFacts(at('server'), login.isOut ? afterLogout(credential, login) : login.facts);
  const { sub, username, roles, scope, scheme, expires_at: end } = login.me;
  fillFacts(at('me'), [['username', username], ['sub', sub], ['scheme', scheme], ['scope', scope || 'none'], ['roles', roles.join(', ') || 'none'], ['expires_at', end ? clock(end) : 'never']]);
  if (credential.kind === 'bearer') showToken(login.held.token, login.receivedAt, login.isOut);
  else hideToken();
}

// Another tab of this origin may refresh, or log out.
function followClient() {
  jwtAuth().addEventListener('refreshed', async () => {
    const login = logins.get('bearer');
    if (!login || login.isOut) return;
    login.held = { token: await jwtAuth().accessTokenFor(location.origin) };
    login.receivedAt = Date.now();
    say('jwtauth.js has renewed the access token.');
    render();
  });
  jwtAuth().addEventListener('loggedout', () => {
    const login = logins.get('bearer');
    if (login) login.isOut = true;
    render();
  });
}

function showKinds() {
  at('kinds').replaceChildren(...KINDS.map(({ kind, name, summary }, index) => {
    const isTaken = about.credentials.includes(kind);
    const radio = make('input', [], { type: 'radio', name: 'kind', value: kind, id: `kind-${kind}`, ...(index === 0 && { checked: '' }), ...(!isTaken && { disabled: '' }) });
    return make('label', [radio, name, make('span', isTaken ? summary : 'This service does not take it.')], { class: 'kind' });
  }));
}

async function begin() {
  about = await call('GET', '/lab/about');
  if (about.issuer !== location.origin) {
    const { issuer } = about;
    about = null;
    at('mode').replaceChildren('This service is ', make('a', `${issuer}/lab/`, { href: `${issuer}/lab/` }), ', and gives cookies to pages of that origin alone.');
    return;
  }
  await prepare(about);
  followClient();
  showKinds();
  at('mode').replaceChildren(...(about.denylist
    ? ['Here the denylist is on: an ended access token is refused. See the other way: stop the service, and start it with ', make('code', 'JwtAuth__Denylist__Enabled=false'), '.']
    : ['Here the denylist is off: an access token lives until it expires, whoever logs out. See the other way: stop the service, and start it without ', make('code', 'JwtAuth__Denylist__Enabled=false'), '.']));
  at('no-thief').hidden = about.stealing;
  for (const id of ['steal', 'try', 'all', 'results', 'table-note']) at(id).hidden = !about.stealing;
  if (about.registration) [at('username').value, at('password').value] = [`guest-${letters(6)}`, newPassword()];
  else at('who-note').textContent = 'Here nobody can make an account for himself: use one that there is. Name and password stay in this page’s memory, and in no storage.';
  at('make').hidden = !about.registration;
}

onPress('make', makeAccount);
onPress('use', useAccount);
onPress('login', () => logIn(chosen()));
onPress('steal', () => stealCopies(chosen()));
onPress('logout', () => logOut(chosen()));
onPress('try', () => tryCopies(chosen()));
onPress('end', () => endForGood(chosen()));
onPress('all', tellAll);
for (const id of ['who', 'choice']) at(id).addEventListener('submit', (event) => event.preventDefault());
at('choice').addEventListener('change', render);
at('reveal').addEventListener('click', () => {
  const isShown = at('password').type === 'password';
  at('password').type = isShown ? 'text' : 'password';
  at('reveal').setAttribute('aria-pressed', String(isShown));
});
showRows();
run(begin);
