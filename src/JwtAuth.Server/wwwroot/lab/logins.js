// What is so of each login: the one truth that panels, buttons and messages are made from. Its state is
// living; unreached: this page has forgotten it, and the service could not be told; loggedout; or over, by something other
// than a logout, which `done` names.

const COOKIES = ['session', 'signed_cookie'];
const IN_COOKIES = ['bearer', ...COOKIES];

const logins = new Map(); // by kind: { account, held, facts, me, receivedAt, copies, state, why, ended, done, hasLoggedOut }

export const loginOf = (kind) => logins.get(kind);
export const isLiving = (login) => login?.state === 'living';
export const canLogOut = (login) => isLiving(login) || login?.state === 'unreached';

/** A new login; by one of the two cookies it takes the other's place. */
export function begin(kind, login) {
  const former = COOKIES.includes(kind) ? COOKIES.filter((other) => other !== kind) : [];
  endAll(former, 'replaced', 'Another cookie has taken its place in this browser. '
    + 'The service ends a session then; a copy of a signed cookie lives until it expires.');
  logins.set(kind, { ...login, copies: [], state: 'living' });
}

/** What a logout has answered, or nothing where there was nothing left to end. It clears all cookies, and ends what is behind them. */
export function loggedOut(kind, reply) {
  const login = loginOf(kind);
  Object.assign(login, {
    state: 'loggedout', ended: reply, why: reply ? null : 'There was nothing left to end: this login was over already.',
  });
  if (!reply) return;
  const why = 'This logout was asked for by another login of this browser: it clears all cookies, and ends what is behind them.';
  for (const other of standing(IN_COOKIES)) Object.assign(other, { state: 'loggedout', ended: reply, why });
}

/** The service, or another tab, has ended it. */
export const endedElsewhere = (login, why) => Object.assign(login, { state: 'loggedout', ended: null, why });

export const end = (login, done, why) => Object.assign(login, { state: 'over', done, why });

/** A new password ends whatever there is of its account, also the copies of a signed cookie that a logout had left. Says what it ended. */
export function passwordChanged(username) {
  const ended = [...logins].filter(([kind, login]) => login.me.username === username && (canLogOut(login) || kind === 'signed_cookie'))
    .map(([, login]) => login);
  for (const login of ended) end(login, 'password changed', 'The password was changed: that has ended it.');
  return ended;
}

/** Of another account than before, only what the browser holds by itself is still there. */
export function becomeAnother() {
  for (const [kind, login] of logins) if (!IN_COOKIES.includes(kind) || !canLogOut(login)) logins.delete(kind);
}

function endAll(kinds, done, why) {
  for (const login of standing(kinds)) end(login, done, why);
}

const standing = (kinds) => kinds.map(loginOf).filter(canLogOut);
