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

/** A login, one for all tabs of an origin. */
export class JwtAuthClient extends EventTarget {
  constructor(options?: JwtAuthOptions);
  readonly state: JwtAuthState;
  /** Whose login it is: the token's `sub`. */
  readonly subject: string | null;
  /** What was granted. */
  readonly scope: string | null;
  /** Finds out whether somebody is logged in, from the refresh cookie. */
  start(): Promise<boolean>;
  login(username: string, password: string): Promise<void>;
  /**
   * Logs out in all tabs. Where it rejects, the tabs have forgotten, but the service was not reached: call it again.
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
  constructor(code: string, message: string, details?: { status?: number; retryAfter?: number | null; cause?: unknown });
  /** The service's (docs/errors.md), or `logged_out`, `network`, `unexpected_reply`, `origin_not_named`. */
  readonly code: string;
  /** 0 where there was no reply. */
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | null;
}
