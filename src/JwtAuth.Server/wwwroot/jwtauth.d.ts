// Declarations of jwtauth.js.

export interface JwtAuthOptions {
  /** The service's URL, as its setting JwtAuth:Issuer has it. Left out: where the module was loaded from. */
  url?: string;
  /**
   * The API that the tokens are for; needed with `apis`. Left out: the service's first.
   * A login of another app, for another audience, is none here.
   */
  audience?: string;
  /** Scopes to ask for, separated by spaces; `offline_access` is added. */
  scope?: string;
  /** Where else the token may go, by URL, of which the origin counts. Left out: to the service alone. */
  apis?: readonly string[];
}

/** `unknown` until `start`, or whatever else comes first, has asked the service. */
export type JwtAuthState = 'unknown' | 'loggedin' | 'loggedout';

/** What a logout has ended, and until when a verifier that does not hear of it is fooled. */
export interface JwtAuthEnded {
  refresh_token: 'revoked' | 'none';
  access_token: 'denied' | 'live' | 'none';
  session: 'ended' | 'none';
  signed_cookie: 'live' | 'none';
  live_until: string;
}

export interface JwtAuthEventMap {
  /** Somebody has logged in, here or in another tab; or was logged in already when the page came. */
  loggedin: Event;
  /** Nobody is logged in any more, or nobody was when the page came. */
  loggedout: Event;
  /** The same user has another token. */
  refreshed: Event;
}

export type JwtAuthEvent = keyof JwtAuthEventMap;

/** The module's own codes: docs/browser.md. */
export type JwtAuthClientCode = 'logged_out' | 'network' | 'unexpected_reply' | 'origin_not_named' | 'cookie_refused' | 'no_browser';

/** What the service answers to a login, a refresh or a logout: docs/errors.md. */
export type JwtAuthServiceCode =
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_audience'
  | 'invalid_grant'
  | 'https_required'
  | 'invalid_credentials'
  | 'token_required'
  | 'forbidden'
  | 'not_found'
  | 'request_timeout'
  | 'too_many_attempts'
  | 'server_error'
  | 'busy';

/** A later service may have others. */
export type JwtAuthCode = JwtAuthClientCode | JwtAuthServiceCode | (string & {});

export interface JwtAuthLoginOptions {
  /** False: the login ends when the browser is closed. Left out: it stays. */
  persistent?: boolean;
}

/** A login, one for all tabs of an origin. On a server, where pages are rendered, it does nothing: `start` is false, calls reject. */
export class JwtAuthClient extends EventTarget {
  constructor(options?: JwtAuthOptions);
  readonly state: JwtAuthState;
  /** Whose login it is: the token's `sub`. */
  readonly subject: string | null;
  /** What was granted. */
  readonly scope: string | null;
  /** Finds out whether somebody is logged in, from the refresh cookie. */
  start(): Promise<boolean>;
  login(username: string, password: string, options?: JwtAuthLoginOptions): Promise<void>;
  /**
   * Logs out in all tabs. Where it rejects, the tabs have forgotten, but the service was not reached. That is made up for when the
   * browser is online again or a page starts; or call it again.
   * Null: there was nothing left to end.
   */
  logout(): Promise<JwtAuthEnded | null>;
  /** Another token, also where this one is not over. */
  refresh(): Promise<void>;
  /** As the window's, with the token. No redirect is followed. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** For calls that are not made by `fetch`. `refused` is a token that was answered with 401: then it is another one. */
  accessTokenFor(url: string | URL, refused?: string): Promise<string>;
  /** Forgets everything and listens no more; the login stays. */
  close(): void;
  addEventListener<K extends keyof JwtAuthEventMap>(
    type: K,
    listener: (this: JwtAuthClient, event: JwtAuthEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof JwtAuthEventMap>(
    type: K,
    listener: (this: JwtAuthClient, event: JwtAuthEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

export class JwtAuthError extends Error {
  constructor(code: JwtAuthCode, message: string, details?: { status?: number; retryAfter?: number | null; cause?: unknown });
  readonly code: JwtAuthCode;
  /** 0 where there was no reply. */
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | null;
}
