// The five ways to log in: what each does, what each side holds of it, and what ends it.
import { JwtAuthClient } from '/jwtauth.js';
import { call } from './api.js';
import { clock } from './page.js';

let about; // what the service says of itself
let scope; // all that may be asked for
let client;

/** To be called once, with what `/lab/about` says, before anything else. */
export async function prepare(service) {
  about = service;
  const { scopes_supported: scopes } = await call('GET', '/.well-known/oauth-authorization-server');
  scope = scopes.filter((name) => name !== 'offline_access').join(' ');
  client = new JwtAuthClient({ scope });
}

/** The page's client, to hear when it has another token. */
export const jwtAuth = () => client;

const isHttps = () => about.issuer.startsWith('https:');
const logIn = (account, more) => call('POST', '/auth/login', { body: { ...account, ...more }, cookies: true });
const asBearer = (token) => `Bearer ${token}`;
const moment = (text) => (text ? clock(text) : 'never');

// A token for the account itself, which may make and delete personal access tokens and change the password.
async function accountBearer(account) {
  const { access_token: token } = await call('POST', '/auth/login', { body: { ...account, audience: about.issuer } });
  return asBearer(token);
}

function basicOf({ username, password }) {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))}`;
}

/** What a script gets to see of the cookies. */
export const readable = () => [
  'What this page can read', `document.cookie is ${document.cookie === '' ? 'empty' : `“${document.cookie}”`}`,
];

function cookieFacts(kind, path, what) {
  return [
    ['Cookie', about.cookies[kind]],
    ['Attributes', `HttpOnly; SameSite=${kind === 'session' ? 'Lax' : 'Strict'}; Path=${path}${isHttps() ? '; Secure' : ''}`],
    ['In it', what],
    readable(),
  ];
}

async function sessionFacts(credential) {
  const { sessions } = await call('GET', '/auth/sessions', credential);
  const own = sessions.find((session) => session.current);
  return own ? [
    ['Row in Sessions', own.sid],
    ['Began', moment(own.created_at)],
    ['Last used', `${moment(own.last_used_at)}, from ${own.address}`],
    ['Ends, if it is not used', moment(own.expires_at)],
    ['Sessions of this account', String(sessions.length)],
  ] : [['Row in Sessions', 'none']];
}

/** Nothing, where the login was over already. */
async function cookieLogout() {
  try {
    return await call('POST', '/auth/logout', { cookies: true });
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

// A logout of what has no logout: some login of the account’s ends, and this credential goes on.
async function logoutBeside(account) {
  return call('POST', '/auth/logout', { authorization: await accountBearer(account) });
}

export const KINDS = [
  {
    kind: 'bearer', name: 'Access token (JWT)',
    summary: 'Signed, short-lived, checked by each API alone. A refresh token in a cookie renews it.',
    async logIn(account) {
      await client.login(account.username, account.password);
      return { token: await client.accessTokenFor(location.origin) };
    },
    cookie: 'refresh_token',
    resume: async () => ((await client.start()) ? { token: await client.accessTokenFor(location.origin) } : null),
    authorization: (held) => asBearer(held.token),
    browser: (held) => [
      ['Access token', `${held.token.length} characters in this page’s memory: its scripts can read it, nobody else’s`],
      ...cookieFacts('refresh_token', '/auth', 'the refresh token; it goes to /auth alone'),
    ],
    server: async () => [
      ['Of the access token', 'nothing: its signature is enough'],
      ['Of the refresh token', 'a counter in the session’s row, and no token'],
      ...(await sessionFacts({ authorization: asBearer(await client.accessTokenFor(location.origin)) })),
    ],
    logOut: () => client.logout(),
  },
  {
    kind: 'session', name: 'Session cookie',
    summary: 'A random id in a cookie; the service knows the rest and looks it up each time.',
    logIn: (account) => logIn(account, { credential: 'session', scope }),
    cookie: 'session',
    resume: async () => ({}),
    browser: () => cookieFacts('session', '/', '256 random bits that say nothing'),
    server: async () => [['Of the id', 'its SHA-256, never the id'], ...(await sessionFacts({ cookies: true }))],
    logOut: cookieLogout,
  },
  {
    kind: 'signed_cookie', name: 'Signed cookie',
    summary: 'The ticket itself in a cookie, sealed; the service keeps nothing of it.',
    logIn: (account) => logIn(account, { credential: 'signed_cookie', scope }),
    cookie: 'signed_cookie',
    resume: async () => ({}),
    browser: () =>
      cookieFacts('signed_cookie', '/', 'the ticket: who, which roles and scopes, until when; sealed by a key of the service'),
    server: async () => [
      ['Of the ticket', 'nothing, no row and no hash'], ['What it has', 'the keys that seal all tickets, and the account’s generation'],
    ],
    logOut: cookieLogout,
  },
  {
    kind: 'personal_access_token', name: 'Personal access token',
    summary: 'For scripts: made once, shown once, good until it is deleted or its day has come.',
    async logIn(account) {
      const login = await accountBearer(account);
      const { id, token } = await call('POST', '/auth/tokens', { body: { name: 'lab', scope, lifetime_days: 1 }, authorization: login });
      return { id, token, login };
    },
    authorization: (held) => asBearer(held.token),
    browser: (held) => [
      ['Token', `${held.token.slice(0, 8)}…, ${held.token.length} characters in this page’s memory`],
      ['Its last six characters', 'a checksum: a typing error is told without a look-up, and secret scanners find what leaked'],
    ],
    async server(held) {
      const { tokens } = await call('GET', '/auth/tokens', { authorization: held.login });
      const own = tokens.find((row) => row.id === held.id);
      return [
        ['Of the token', 'its SHA-256'], ['Row', held.id], ['Scope', own.scope || 'none'],
        ['Ends', moment(own.expires_at)], ['Last used', moment(own.last_used_at)],
      ];
    },
    logOut: (held, account) => logoutBeside(account),
    ending: {
      label: 'Delete the token', done: 'deleted', why: 'The token is deleted: the service knows it no more.',
      run: async (held, account) =>
        call('DELETE', `/auth/tokens/${encodeURIComponent(held.id)}`, { authorization: await accountBearer(account) }),
    },
  },
  {
    kind: 'basic', name: 'HTTP Basic',
    summary: 'Name and password with every request, for the tool that knows nothing else.',
    async logIn(account) {
      await call('GET', '/me', { authorization: basicOf(account) });
      return { authorization: basicOf(account) };
    },
    authorization: (held) => held.authorization,
    browser: () => [['Name and password', 'in this page’s memory, as you typed them; in each request as base64, which hides nothing']],
    server: async () => [
      ['Of the password', 'its bcrypt hash'],
      ['For a minute, in memory', 'that this pair was right, so that not every request costs a bcrypt'],
    ],
    logOut: (held, account) => logoutBeside(account),
    ending: {
      label: 'Change the password', done: 'password changed', why: 'The password was changed: the old one opens nothing any more.',
      async run(held, account, nextPassword) {
        const body = { current_password: account.password, new_password: nextPassword };
        await call('POST', '/auth/password', { body, authorization: await accountBearer(account) });
        account.password = nextPassword;
      },
    },
  },
];

/** Who the service says that this credential speaks for. */
export function me(credential, held) {
  return call('GET', '/me', credential.authorization ? { authorization: credential.authorization(held) } : { cookies: true });
}
