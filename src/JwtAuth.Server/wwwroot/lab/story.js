// What happens to a login, step by step: each step says in words what came of it.
import { Refusal, call, wordsOf } from './api.js';
import { KINDS, jwtAuth, me } from './credentials.js';
import { becomeAnother, begin, canLogOut, end, endedElsewhere, isLiving, loggedOut, loginOf, passwordChanged } from './logins.js';
import { at } from './page.js';
import { inWords, steal, tryAfter, tryAtLast, tryBefore } from './thief.js';

const REUSE = 'The refresh token came a second time, long after the thief had used it. '
  + 'The service has noticed, and ended the session with all its tokens: that is reuse detection.';
const ELSEWHERE = 'It was ended by somebody else than this page.';

let account = null; // { username, password }
let changing = null; // the login that this page is just ending or replacing

export const accountOf = () => account;

// The account

const LETTERS = 'abcdefghjkmnpqrstuvwxyz234567890';
const letters = (count) => Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => LETTERS[byte % 31]).join('');
const newPassword = () => [4, 4, 4, 4].map(letters).join('-');

export const madeUp = () => ({ username: `guest-${letters(6)}`, password: newPassword() });

export async function makeAccount(named) {
  await call('POST', '/auth/register', { body: named });
  become(named);
  return `The account ${named.username} is made.`;
}

export async function useAccount(named) {
  await call('POST', '/auth/login', { body: named });
  become(named);
  return `Name and password of ${named.username} are right.`;
}

function become(named) {
  account = named;
  becomeAnother();
}

// The story

export async function logIn(credential, by = account) {
  changing = loginOf(credential.kind);
  try {
    begin(credential.kind, { account: by, ...(await lookAt(credential, await credential.logIn(by))) });
  } finally {
    changing = null;
  }
  await countAgain(credential);
  return `Logged in with: ${credential.name}.`;
}

async function lookAt(credential, held) {
  const receivedAt = Date.now();
  return { held, receivedAt, facts: await credential.server(held), me: await me(credential, held) };
}

/** What the browser has kept through a reload: cookies, which no script sees, so that the service says which there are. */
export async function resume() {
  const { held: kinds } = await call('GET', '/auth/lab/cookies', { cookies: true });
  const found = [];
  for (const credential of KINDS.filter(({ cookie }) => kinds.includes(cookie))) {
    try {
      const held = await credential.resume();
      if (!held) continue;
      begin(credential.kind, await lookAt(credential, held));
      found.push(credential);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }
  return found;
}

// Another login changes how many sessions there are; and somebody else may have ended this one.
async function countAgain(but) {
  const isCounted = ({ kind }) => ['bearer', 'session'].includes(kind) && isLiving(loginOf(kind));
  for (const credential of KINDS.filter((other) => other !== but && isCounted(other))) {
    const login = loginOf(credential.kind);
    try {
      login.facts = await credential.server(login.held);
    } catch (error) {
      if (error.status !== 401) throw error;
      end(login, 'ended elsewhere', ELSEWHERE);
    }
  }
}

export async function stealCopies(credential) {
  const login = loginOf(credential.kind);
  login.copies = await steal(credential.kind, credential.authorization?.(login.held));
  login.hasLoggedOut = false;
  if (login.copies.length > 0) return `A copy is taken, and tried: ${await tryAll(login, tryBefore)}`;
  end(login, 'gone', 'The browser does not hold it any more.');
  throw new Refusal('There is nothing to steal: the browser does not hold this credential any more.');
}

export async function logOut(credential) {
  const login = loginOf(credential.kind);
  changing = login;
  try {
    const reply = await credential.logOut(login.held, login.account);
    if (credential.ending) {
      login.hasLoggedOut = true;
      return 'A login of the account is over. This credential is no login: a logout does not end it.';
    }
    loggedOut(credential.kind, reply);
    return reply ? 'Logged out.' : login.why;
  } catch (error) {
    const words = wordsOf(error);
    if (credential.kind !== 'bearer') {
      throw credential.cookie ? new Refusal(`${words} Nothing is ended, and the browser still holds the cookie: log out again.`) : error;
    }
    const why = 'The service has not heard of the logout: there the session lives until a logout works.';
    Object.assign(login, { state: 'unreached', why });
    throw new Refusal(`${words} This page has forgotten the login, but at the service the session lives until a logout works: `
      + 'log out again then.');
  } finally {
    changing = null;
  }
}

export async function tryCopies(credential) {
  const login = loginOf(credential.kind);
  if (login.state === 'over') return `The copy is tried (${login.done}): ${await tryAll(login, (copy) => tryAtLast(copy, login.done))}`;
  if (login.state === 'loggedout' || login.hasLoggedOut) {
    return `The copy is tried after the logout: ${await tryAll(login, (copy) => tryAfter(copy, login.ended))}`;
  }
  return `The copy is tried: ${await tryAll(login, tryBefore)}`;
}

async function tryAll(login, attempt) {
  const told = [];
  try {
    for (const copy of login.copies) {
      const here = await attempt(copy);
      told.push(inWords(copy, here));
      if (canLogOut(login)) notice(login, copy, here);
    }
  } catch (error) {
    if (error.status === 404) login.copies = [];
    throw error;
  }
  return `${told.join('; ')}.${login.why === REUSE ? ` ${REUSE}` : ''}`;
}

// What an answer to the thief tells of a login that this page took for living. An access token may just be too old.
function notice(login, { kind }, { status }) {
  if (kind === 'refresh_token' && status === 200) login.isRefreshUsed = true;
  else if (kind === 'refresh_token' && status === 400) {
    end(login, ...(login.isRefreshUsed ? ['reuse detected', REUSE] : ['ended elsewhere', ELSEWHERE]));
  } else if (kind !== 'bearer' && status === 401) end(login, 'ended elsewhere', ELSEWHERE);
}

export async function endForGood(credential) {
  const login = loginOf(credential.kind);
  const { done, run, why } = credential.ending;
  await run(login.held, login.account, newPassword());
  end(login, done, why);
  // Whoever else held a copy is tried too: the table is never older than what has just been done.
  for (const other of credential.kind === 'basic' ? passwordChanged(login.me.username) : []) {
    await tryAll(other, (copy) => tryAtLast(copy, done)).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }
  return `Done: ${done}.${login.copies.length > 0 ? ` The copy: ${await tryAll(login, (copy) => tryAtLast(copy, done))}` : ''}`;
}

/** Another tab of this origin may refresh, log in or log out; and the service may refuse the next refresh. */
export function followClient(tell) {
  const follow = (event, isConcerned, work) => jwtAuth().addEventListener(event, async () => {
    const login = loginOf('bearer');
    if (login && login !== changing && isConcerned(login)) tell(await work(login));
  });
  follow('refreshed', isLiving, async (login) => {
    login.held = { token: await jwtAuth().accessTokenFor(location.origin) };
    login.receivedAt = Date.now();
    return 'jwtauth.js has renewed the access token.';
  });
  follow('loggedin', isLiving, (login) => {
    end(login, 'replaced', 'A login of another tab has taken its place in this browser.');
    return 'Another tab has logged in.';
  });
  follow('loggedout', isLiving, (login) => {
    endedElsewhere(login, login.isRefreshUsed
      ? 'Ended by another tab, or by the service: the thief had used the refresh token, and that is noticed when it comes a second time.'
      : 'Ended by another tab, or by the service.');
    return 'The access token’s login was ended elsewhere.';
  });
}

/** All of it, with one credential after another; `tell` hears what each act came to. */
export async function tellAll(credentials, { named, canMakeAccounts }, tell) {
  if (!account) tell(await makeAccount(named));
  for (const credential of credentials) {
    at(`kind-${credential.kind}`).checked = true;
    // A new password ends all that its account has, and what the table says of the others would not be so any more.
    const isApart = credential.kind === 'basic' && canMakeAccounts;
    const by = isApart ? madeUp() : account;
    if (isApart) {
      await call('POST', '/auth/register', { body: by });
      tell(`${credential.name}: an account of its own, ${by.username}, because its last act changes the password.`);
    }
    const stages = [() => logIn(credential, by), stealCopies, logOut, tryCopies];
    if (credential.ending && (credential.kind !== 'basic' || isApart)) stages.push(endForGood);
    for (const stage of stages) tell(`${credential.name}: ${await stage(credential)}`);
  }
  return 'The whole story is told: the table has the answers.';
}
