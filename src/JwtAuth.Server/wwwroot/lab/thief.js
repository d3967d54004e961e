// The thief, which is a part of the service: it holds the copies, and this page their handles.
import { Refusal, call } from './api.js';
import { at, clock, make, row } from './page.js';

const NAMES = {
  bearer: 'Access token (JWT)',
  refresh_token: 'Refresh token, in its cookie',
  session: 'Session cookie',
  signed_cookie: 'Signed cookie',
  personal_access_token: 'Personal access token',
  basic: 'HTTP Basic',
};

const SHORT = {
  bearer: 'access token', refresh_token: 'refresh token', session: 'session cookie', signed_cookie: 'signed cookie',
  personal_access_token: 'personal access token', basic: 'name and password',
};

const COLUMNS = ['Before logout', 'After logout, here', 'After logout, where no denials are heard', 'Until when'];

const NOT_YET = { text: '–', verdict: 'none' };

const rows = new Map();

/** Lets the thief copy what a request brings. Of a token's login that is the refresh cookie too, which goes to /auth alone. */
export async function steal(kind, authorization) {
  if (!authorization) return of(kind, await call('POST', '/lab/thief/steal', { cookies: true }));
  const copies = of(kind, await call('POST', '/lab/thief/steal', { authorization }));
  return kind === 'bearer' ? [...copies, ...of('refresh_token', await call('POST', '/auth/lab/thief/steal', { cookies: true }))] : copies;
}

const of = (kind, { stolen }) => stolen.filter((copy) => copy.kind === kind);

async function tryCopy({ handle }) {
  try {
    return await call('POST', '/lab/thief/try', { body: { handle } });
  } catch (error) {
    if (error.status !== 404) throw error;
    throw new Refusal('The thief has forgotten this copy: the service was started anew since, or it is too long ago. '
      + 'Let another be stolen.', 404);
  }
}

/** A copy, and how it fared, in words. */
export function inWords(copy, { status, who }) {
  const name = `the ${SHORT[copy.kind]}`;
  if (status !== 200) return `${name} is answered with ${status}`;
  return copy.kind === 'refresh_token' ? `${name} gets a new one` : `${name} gets in as ${who}`;
}

/** Tries a copy before its owner has logged out: a new row. */
export async function tryBefore(copy) {
  const { here } = await tryCopy(copy);
  rows.set(copy.kind, { before: verdictOf(copy, here), here: NOT_YET, unhearing: NOT_YET, until: NOT_YET });
  showRows(copy.kind);
  return here;
}

/** Tries it after that. `ended` is what the logout has answered. */
export async function tryAfter(copy, ended) {
  const { here, unhearing } = await tryCopy(copy);
  const line = {
    ...rows.get(copy.kind),
    here: verdictOf(copy, here),
    unhearing: unhearing ? verdictOf(copy, unhearing) : { text: 'not taken there', verdict: 'none' },
  };
  line.until = { text: untilWhen(copy.kind, line, unhearing?.expires_at ?? here.expires_at ?? ended?.live_until), verdict: 'none' };
  rows.set(copy.kind, line);
  showRows(copy.kind);
  return here;
}

/** Tries it once more, after what ends it for good. */
export async function tryAtLast(copy, done) {
  const { here } = await tryCopy(copy);
  rows.set(copy.kind, { ...rows.get(copy.kind), until: { text: `${done}: ${verdictOf(copy, here).text}`, verdict: 'none' } });
  showRows(copy.kind);
  return here;
}

function verdictOf(copy, { status, retry_after: seconds }) {
  if (status === 200) return { text: copy.kind === 'refresh_token' ? 'gets a new token' : 'gets in', verdict: 'in' };
  if (status === 429 || status === 503) return { text: `not now, ${status}${seconds ? `: in ${seconds} s` : ''}`, verdict: 'wait' };
  return { text: `refused, ${status}`, verdict: 'out' };
}

function untilWhen(kind, { here, unhearing }, end) {
  const [isIn, isInElsewhere] = [here, unhearing].map((cell) => cell.verdict === 'in');
  if (!isIn && !isInElsewhere) return here.verdict === 'out' ? 'over' : 'not known yet';
  if (kind === 'basic') return 'the next password';
  if (kind === 'personal_access_token') return `${clock(end)}, or its deletion`;
  return isIn ? clock(end) : `${clock(end)}, where no denials are heard`;
}

export function showRows(now) {
  const lines = Object.keys(NAMES).filter((kind) => rows.has(kind)).map((kind) => {
    const { before, here, unhearing, until } = rows.get(kind);
    const line = row(NAMES[kind], [before, here, unhearing, until].map(shown), COLUMNS);
    line.classList.toggle('now', kind === now);
    return line;
  });
  const empty = make('tr', make('td', 'Nobody holds a copy yet.', { role: 'cell', colspan: '5', class: 'none' }), { role: 'row' });
  at('table').tBodies[0].replaceChildren(...(lines.length > 0 ? lines : [empty]));
}

const shown = ({ text, verdict }) => make('span', text, { class: verdict === 'none' ? '' : `verdict ${verdict}` });
