// The access token on the page: its parts, its members, and its life as it runs down.
import { at, make, row } from './page.js';
import { apart } from './token.js';

let shown = null; // { token, endsAt, seconds, isOut }

export function showToken(token, receivedAt, isOut) {
  at('token').hidden = false;
  if (shown?.token !== token) {
    const { parts, claims, rows } = apart(token);
    // By the length of its life from when it came: the page's clock may not be the service's.
    const seconds = claims.exp - claims.iat;
    shown = { token, seconds, endsAt: receivedAt + seconds * 1000 };
    const names = ['header', 'payload', 'signature'];
    const spans = parts.map((part, index) => make('span', part, { class: names[index] }));
    at('parts').replaceChildren(...spans.flatMap((span, index) => (index > 0 ? ['.', span] : [span])));
    at('claims').tBodies[0].replaceChildren(...rows.map(([name, value, meaning]) => row(name, [value, meaning])));
  }
  shown.isOut = isOut;
  tick();
}

export function hideToken() {
  at('token').hidden = true;
}

function tick() {
  if (!shown) return;
  const left = Math.max(0, Math.ceil((shown.endsAt - Date.now()) / 1000));
  const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  const whose = shown.isOut ? 'Nobody here uses it any more; a copy has' : 'It has';
  at('life').textContent = left > 0 ? `${whose} ${time} to live, wherever no denials are heard` : 'Its life is over';
  at('life-bar').value = left / shown.seconds;
}

setInterval(tick, 1000);
