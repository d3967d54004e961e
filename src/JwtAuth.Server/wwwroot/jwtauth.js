// A login in the browser, one for all tabs of an origin. What is kept where, and why: docs/browser.md.
// The access token is in memory alone; the refresh token is in a cookie that no script can read.

const EARLY = 30_000; // a token is renewed this long before it is over
const PATIENCE = 15_000; // for an answer of the service
const HEARSAY = 2_000; // for another tab to say what its refresh has brought
const RECENT = 1_000; // what came so shortly before a tab asked is news to it
const TURN = 20_000; // for the tab whose turn it is: longer than its refresh can take
const LONGEST_PAUSE = 30; // seconds between attempts, where the service names none

// On a server, where pages are rendered, there is neither a cookie nor anybody who could be logged in.
const isInBrowser = typeof globalThis.addEventListener === 'function' && globalThis.location !== undefined;

/** What was refused, and why: `code` is the service's, or one of the module's own (docs/browser.md). */
export class JwtAuthError extends Error {
  constructor(code, message, { status = 0, retryAfter = null, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { name: 'JwtAuthError', code, status, retryAfter });
  }
}

export class JwtAuthClient extends EventTarget {
  #url;
  #audience;
  #scope;
  #origins;
  #name;
  #channel;
  #listening = new AbortController();

  #state = 'unknown';
  #grant = null; // { token, scope, subject, audiences, expiresAt }
  #epoch = 0; // counts the logins and logouts that this tab makes and hears of
  #begunAt = 0; // when the last login was that this tab knows
  #latest = 0; // of all that this tab knows: when a login or a logout was, or a refresh was asked for, by the clock that all tabs have
  #announced = 0; // when the refresh was asked for that another tab has said it asks for
  #renewing = null;
  #timer;
  #pause = null; // { error, from, until } after a refresh that came to nothing
  #failures = 0;
  #outcome = null; // what this tab's last refresh came to, for the tabs that ask
  #heard = null;

  constructor({ url = new URL(import.meta.url).origin, audience, scope = '', apis = [], ...unknown } = {}) {
    super();
    const [option] = Object.keys(unknown);
    if (option) throw new TypeError(`There is no option ${option}: there are url, audience, scope and apis.`);
    // Without an audience the tokens are for whichever login the browser has: good for the service alone.
    if (apis.length > 0 && !audience) throw new TypeError('With apis, name the audience that the tokens are for.');
    this.#url = isInBrowser ? originOf(url) : url;
    this.#audience = audience;
    this.#scope = [...new Set(scope.split(' ').filter(Boolean)).add('offline_access')].join(' ');
    this.#origins = new Set([this.#url, ...apis.map(originOf)]);
    this.#name = `jwtauth/1 ${this.#url}`;
    if (!isInBrowser) return;
    if (globalThis.BroadcastChannel) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
    }
    // Timers stand still while a computer sleeps, so the clock is looked at whenever somebody may have come back.
    const { signal } = this.#listening;
    globalThis.addEventListener('pageshow', () => this.#wake(), { signal });
    globalThis.addEventListener('online', () => this.#wake(true), { signal });
    globalThis.document?.addEventListener('visibilitychange', () => this.#wake(), { signal });
  }

  get state() {
    return this.#state;
  }

  get subject() {
    return this.#grant?.subject ?? null;
  }

  get scope() {
    return this.#grant?.scope ?? null;
  }

  async start() {
    if (!isInBrowser) return false;
    if (this.#state === 'loggedout') this.#state = 'unknown';
    try {
      await this.#live();
    } catch (error) {
      if (error.code !== 'logged_out') throw error;
    }
    return this.#state === 'loggedin';
  }

  // In turn with the refreshes of all tabs: the cookie of one that is still under way would take this one's place.
  async login(username, password, { persistent = true } = {}) {
    demandBrowser();
    await this.#inTurn(async () => {
      const askedAt = Date.now();
      const account = { username, password, audience: this.#audience, scope: this.#scope };
      const reply = await this.#post('/auth/login', { ...account, refresh: 'cookie', ...(!persistent && { persistent }) });
      const grant = await this.#confirm(grantOf(reply, askedAt));
      this.#owe(false); // a login ends the session that its cookie brought along
      const at = this.#moment();
      this.#tell({ kind: 'login', grant, at });
      this.#begin(grant, at);
    });
  }

  // Every tab forgets at once, whether the service can be reached or not.
  async logout() {
    demandBrowser();
    const token = this.#isAlive() ? this.#grant.token : undefined;
    const at = this.#moment();
    this.#owe(true);
    this.#tell({ kind: 'logout', at });
    this.#end(at);
    try {
      // A token that is over is refused for good; the cookie may still be a session's.
      const ended = (token && (await this.#endSession(token))) || (await this.#endSession());
      this.#owe(false);
      return ended;
    } finally {
      this.#note(Date.now());
    }
  }

  async refresh() {
    demandBrowser();
    return this.#renew(this.#grant?.token);
  }

  async fetch(input, init) {
    demandBrowser();
    const request = new Request(input, init);
    this.#demandNamed(request.url);
    const { token, subject } = await this.#live();
    const reply = await send(request, token);
    if (reply.status !== 401) return reply;
    if (!canRepeat(input, init)) {
      if (this.#grant?.token === token) this.#grant.expiresAt = 0;
      return reply;
    }
    const next = await this.#live(token, subject);
    const again = new Request(input, init);
    this.#demandNamed(again.url); // a URL object may have changed meanwhile
    reply.body?.cancel().catch(() => {});
    return send(again, next.token);
  }

  async accessTokenFor(url, refused) {
    demandBrowser();
    this.#demandNamed(new URL(url, globalThis.document?.baseURI).href);
    return (await this.#live(refused)).token;
  }

  close() {
    this.#listening.abort();
    this.#channel?.close();
    this.#channel = null;
    clearTimeout(this.#timer);
    this.#grant = this.#outcome = null;
    this.#state = 'unknown';
    this.#epoch++;
  }

  #demandNamed(url) {
    if (!this.#origins.has(new URL(url).origin))
      throw new JwtAuthError('origin_not_named', `The token does not go to ${new URL(url).origin}; name it in apis.`);
  }

  // A grant that can be used now, of the one who asks: what begins as one user's call never goes on as another's.
  async #live(refused, subject = this.#grant?.subject) {
    if (this.#state === 'loggedout') throw loggedOut();
    if (!this.#isFresh(refused)) {
      try {
        await this.#renew(refused);
      } catch (error) {
        if (!this.#isAlive(refused)) throw error;
      }
    }
    if (!this.#grant || (subject && subject !== this.#grant.subject)) throw loggedOut();
    return this.#grant;
  }

  #isAlive(refused, early = 0) {
    return this.#grant !== null && this.#grant.token !== refused && Date.now() < this.#grant.expiresAt - early;
  }

  #isFresh(refused) {
    return this.#isAlive(refused, this.#grant?.early);
  }

  // One for all callers of this tab. What another caller was content with may be what this one has to replace.
  async #renew(refused) {
    do {
      this.#renewing ??= this.#renewInTurn(refused).finally(() => (this.#renewing = null));
      await this.#renewing;
    } while (refused && this.#grant?.token === refused);
  }

  // One for all tabs: who had to wait takes what another has fetched meanwhile.
  async #renewInTurn(refused) {
    const since = Date.now() - RECENT;
    const epoch = this.#epoch;
    const isDone = () => this.#epoch !== epoch || this.#isFresh(refused);
    this.#throwInPause();
    await this.#inTurn(async (hasWaited) => {
      // The lock may be here before the message, and before this tab's wish for it was noted.
      if ((hasWaited || this.#isAwaited()) && !isDone()) await this.#news(since, isDone);
      if (isDone()) return;
      this.#throwInPause();
      if (this.#isOwing) await this.#settle();
      else await this.#ask(isDone);
    });
    if (!this.#grant) throw loggedOut();
  }

  async #ask(isDone) {
    const askedAt = this.#moment();
    this.#tell({ kind: 'asking', at: askedAt });
    let grant;
    try {
      grant = grantOf(await this.#post('/auth/refresh', { refresh: 'cookie' }), askedAt);
    } catch (error) {
      if (isDone()) return;
      this.#note(askedAt);
      if (error.status === 401 || (error.status === 400 && error.code === 'invalid_grant')) {
        this.#end(askedAt);
        this.#outcome = { kind: 'refused', askedAt, at: Date.now() };
        this.#tell(this.#outcome);
        throw loggedOut(error);
      }
      const seconds = error.retryAfter ?? Math.min(2 ** this.#failures, LONGEST_PAUSE);
      const { code, message, status, retryAfter } = error;
      this.#outcome = { kind: 'failed', askedAt, at: Date.now(), seconds, code, message, status, retryAfter };
      this.#rest(this.#outcome);
      this.#tell(this.#outcome);
      throw error;
    }
    // A logout or a login came between, or a tab that took this one for dead was faster: this is of the time before.
    if (isDone()) return;
    this.#note(askedAt);
    this.#outcome = { kind: 'refreshed', grant, askedAt, at: Date.now() };
    this.#tell(this.#outcome);
    if (!this.#isOurs(grant)) {
      this.#end(askedAt);
      throw loggedOut();
    }
    this.#take(grant);
  }

  async #inTurn(work) {
    const locks = globalThis.navigator?.locks;
    if (!locks) return work(false);
    let working;
    const begin = (hasWaited) => (working = work(hasWaited));
    try {
      const isOurs = await locks.request(this.#name, { ifAvailable: true }, async (lock) => {
        if (lock) await begin(false);
        return lock !== null;
      });
      if (!isOurs) await this.#wait(locks, () => begin(true));
    } catch (error) {
      if (!working) throw error;
      await working; // the turn was taken away, and the work goes on
    }
  }

  // A tab that stands still (frozen by the browser, stopped in a debugger) would keep its turn for ever.
  async #wait(locks, begin) {
    const holder = () => locks.query().then(({ held }) => held.find(({ name }) => name === this.#name)?.clientId)
      .catch(() => undefined);
    for (let before = holder(); ; ) {
      const patience = new AbortController();
      // Not all at once, so that one of those who wait takes it and the others hear.
      const timer = setTimeout(() => patience.abort(), TURN + Math.random() * HEARSAY);
      try {
        return await locks.request(this.#name, { signal: patience.signal }, () => {
          clearTimeout(timer);
          return begin();
        });
      } catch (error) {
        if (!patience.signal.aborted) throw error;
      }
      const [former, now] = await Promise.all([before, holder()]);
      if (now && now === former) return locks.request(this.#name, { steal: true }, begin);
      before = now;
    }
  }

  #tell(message) {
    this.#channel?.postMessage(message);
  }

  // Asks the other tabs what a refresh since then has come to. Who does not know of the last one yet tells the one before: no news.
  async #news(since, isDone) {
    if (!this.#channel) return;
    let timer;
    await new Promise((resolve) => {
      this.#heard = ({ kind, at }) => at >= since && (kind !== 'refreshed' || isDone()) && resolve();
      timer = setTimeout(resolve, HEARSAY);
      this.#tell({ kind: 'news?', since });
    });
    clearTimeout(timer);
    this.#heard = null;
  }

  #hear(message) {
    if (message.kind === 'news?') {
      if (this.#outcome?.at >= message.since) this.#tell(this.#outcome);
      return;
    }
    if (message.kind === 'asking') {
      this.#announced = message.at;
      return;
    }
    // Messages of several tabs come in no order: what is older than what this tab knows is over. A logout is over by a login alone.
    const at = message.askedAt ?? message.at;
    if (!at) return; // of another version of this module
    if (message.kind === 'logout' ? this.#isPast(at, this.#begunAt) : this.#isPast(at, this.#latest)) {
      if (message.kind === 'login') this.#begunAt = Math.max(this.#begunAt, at);
      if (at === this.#latest) this.#heard?.(message);
      return;
    }
    this.#note(at);
    this.#outcome = null; // no longer the last
    if (message.grant && !this.#isOurs(message.grant)) this.#end(message.at);
    else if (message.kind === 'login') this.#begin(message.grant, message.at);
    else if (message.kind === 'logout') this.#end(message.at);
    else if (message.kind === 'failed') this.#rest(message);
    else if (message.kind === 'refreshed' && message.grant.token !== this.#grant?.token) this.#take(message.grant);
    this.#heard?.(message);
  }

  // A clock that was set back orders nothing.
  #isPast(at, known) {
    return at <= known && known <= Date.now();
  }

  // Whether another tab has asked, and its answer is still to be heard of.
  #isAwaited() {
    const age = Date.now() - this.#announced;
    return this.#announced > this.#latest && age >= 0 && age < TURN;
  }

  #note(at) {
    if (!this.#isPast(at, this.#latest)) this.#latest = at;
  }

  // Now, as what comes after all that this tab knows.
  #moment() {
    const now = Date.now();
    return now === this.#latest ? now + 1 : now;
  }

  // The browser's one login may be another app's: its tokens would go where this app's may.
  #isOurs(grant) {
    return !this.#audience || grant.audiences.includes(this.#audience);
  }

  #begin(grant, at) {
    this.#epoch++;
    this.#note((this.#begunAt = at));
    this.#outcome = null;
    this.#take(grant, 'loggedin');
  }

  #end(at) {
    this.#epoch++;
    this.#note(at);
    this.#grant = this.#outcome = this.#pause = null;
    clearTimeout(this.#timer);
    if (this.#state === 'loggedout') return;
    this.#state = 'loggedout';
    this.dispatchEvent(new Event('loggedout'));
  }

  #take(grant, event = this.#grant?.subject === grant.subject ? 'refreshed' : 'loggedin') {
    this.#grant = { ...grant };
    this.#state = 'loggedin';
    this.#pause = null;
    this.#failures = 0;
    this.#wakeAt(grant.expiresAt - grant.early);
    this.dispatchEvent(new Event(event));
  }

  #rest({ seconds, code, message, status, retryAfter, at }) {
    this.#failures++;
    this.#pause = { error: { code, message, status, retryAfter }, from: at, until: at + seconds * 1000 };
    this.#wakeAt(this.#pause.until);
  }

  #throwInPause() {
    const now = Date.now();
    // A clock that was set back makes no pause longer.
    if (!this.#pause || now >= this.#pause.until || now < this.#pause.from) return;
    const { code, message, status } = this.#pause.error;
    throw new JwtAuthError(code, message, { status, retryAfter: Math.ceil((this.#pause.until - now) / 1000) });
  }

  #wakeAt(moment) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), Math.max(moment - Date.now(), 0));
  }

  // A tab that nobody sees keeps no session alive.
  #wake(isOnline = false) {
    if (isOnline && this.#pause?.error.code === 'network') this.#pause = null;
    if (this.#state === 'loggedout' && this.#isOwing) this.#inTurn(() => this.#isOwing && this.#settle()).catch(() => {});
    if (this.#state === 'loggedin' && !globalThis.document?.hidden && !this.#isFresh()) this.#renew().catch(() => {});
  }

  async #endSession(token) {
    try {
      return await this.#post('/auth/logout', undefined, token);
    } catch (error) {
      if (error.status === 401) return null;
      throw error;
    }
  }

  // Whether a logout has not reached the service yet. Only that, and no credential, outlives the page.
  get #isOwing() {
    try {
      return localStorage.getItem(`${this.#name} logout`) !== null;
    } catch {
      return false;
    }
  }

  #owe(isOwing) {
    try {
      if (isOwing) localStorage.setItem(`${this.#name} logout`, 'owed');
      else localStorage.removeItem(`${this.#name} logout`);
    } catch {
      // A browser that stores nothing: the logout is over with the page.
    }
  }

  // The cookie of a logout that the service has not heard of brings nobody back.
  async #settle() {
    this.#end(this.#moment());
    try {
      await this.#endSession();
      this.#owe(false);
    } catch {
      // Still owed: the next start, or the next time that the browser is online.
    }
    throw loggedOut();
  }

  // A browser keeps no cookie of another site, and does not say so.
  async #confirm(grant) {
    if (globalThis.location.origin === this.#url && globalThis.navigator.cookieEnabled !== false) return grant;
    const askedAt = Date.now();
    try {
      return grantOf(await this.#post('/auth/refresh', { refresh: 'cookie' }), askedAt);
    } catch (cause) {
      if (cause.code !== 'invalid_grant') return grant; // it was not asked, so nobody knows
      await this.#endSession(grant.token).catch(() => {});
      const message = `The browser keeps no cookie of ${this.#url} for this page: let both be on one site, and cookies be allowed.`;
      throw new JwtAuthError('cookie_refused', message, { status: 400, cause });
    }
  }

  async #post(path, body, token) {
    const headers = new Headers();
    if (body) headers.set('content-type', 'application/json');
    if (token) headers.set('authorization', `Bearer ${token}`);
    let reply, text;
    try {
      reply = await fetch(this.#url + path, {
        method: 'POST', headers, body: body && JSON.stringify(body), credentials: 'include', redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE),
      });
      text = await reply.text();
    } catch (cause) {
      throw new JwtAuthError('network', `${this.#url} could not be reached, or does not allow this page's origin.`, { cause });
    }
    const content = parse(text);
    if (reply.ok && content) return content;
    const { code = 'unexpected_reply', title, detail } = content ?? {};
    const message = detail ?? title ?? `${this.#url} answered ${reply.status}.`;
    throw new JwtAuthError(code, message, { status: reply.status, retryAfter: secondsOf(reply.headers.get('retry-after')) });
  }
}

function originOf(url) {
  const { origin, protocol } = new URL(url);
  if (!/^https?:$/.test(protocol)) throw new TypeError(`${url} is not the http or https URL of a service; give url.`);
  return origin;
}

function demandBrowser() {
  if (!isInBrowser) throw new JwtAuthError('no_browser', 'Nobody can be logged in here: this is no browser.');
}

function loggedOut(cause) {
  return new JwtAuthError('logged_out', 'Nobody is logged in.', { status: 401, cause });
}

// Counted from before the question was sent, so that a slow answer does not lengthen a token's life.
function grantOf({ access_token: token, expires_in: seconds, scope }, askedAt) {
  try {
    const { sub: subject, aud } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    if (!(seconds > 0)) throw new TypeError('A token without a life.');
    return { token, scope, subject, audiences: [aud].flat(), expiresAt: askedAt + seconds * 1000, early: Math.min(EARLY, seconds * 200) };
  } catch (cause) {
    throw new JwtAuthError('unexpected_reply', 'The reply has no access token.', { status: 200, cause });
  }
}

// Not every browser takes the bearer off where a redirect leads to another origin, so none is followed.
function send(request, token) {
  request.headers.set('authorization', `Bearer ${token}`);
  return fetch(request, { redirect: request.redirect === 'manual' ? 'manual' : 'error' });
}

// A stream is gone once it was sent.
function canRepeat(input, init) {
  if (init?.body != null) return !(init.body instanceof ReadableStream);
  return !(input instanceof Request) || input.body === null || input.method === 'GET' || input.method === 'HEAD';
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function secondsOf(retryAfter) {
  if (!retryAfter) return null;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return seconds >= 0 ? seconds : null;
}
