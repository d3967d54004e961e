// The service's public API, and its refusals in words.

const PATIENCE = 30_000;
const SILENCE = 'The service does not answer. Is it running?';

export class Refusal extends Error {
  constructor(message, status = 0, code = null) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Calls the service: with an Authorization header and no cookie, or, where `cookies` is set, with the browser's cookies alone. */
export async function call(method, path, { body, authorization, cookies = false } = {}) {
  const headers = new Headers();
  if (body) headers.set('content-type', 'application/json');
  if (authorization) headers.set('authorization', authorization);
  let reply, text;
  try {
    reply = await fetch(path, {
      method, headers, body: body && JSON.stringify(body), credentials: cookies ? 'same-origin' : 'omit', cache: 'no-store',
      redirect: 'error', signal: AbortSignal.timeout(PATIENCE),
    });
    text = await reply.text();
  } catch {
    throw new Refusal(SILENCE);
  }
  const content = parse(text);
  if (reply.ok) return content;
  throw new Refusal(inWords(reply.status, content, Number(reply.headers.get('retry-after'))), reply.status, content?.code);
}

/** An error of ours or of jwtauth.js, for people. */
export function wordsOf(error) {
  if (error instanceof Refusal) return error.message;
  if (error.name === 'JwtAuthError' && error.code === 'network') return SILENCE;
  if (error.name === 'JwtAuthError') return inWords(error.status, { title: error.message }, error.retryAfter);
  return `The page failed: ${error.message}`;
}

function inWords(status, problem, seconds) {
  const wait = seconds > 0 ? ` Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, then try again.` : ' Try again in a while.';
  if (status === 429) return `Too many attempts.${wait}`;
  if (status === 503) return `The service is busy, or does not know what was ended.${wait}`;
  const text = [problem?.title, problem?.detail, problem?.hint].filter(Boolean).join(' ');
  return text || `The service answered ${status}.`;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
