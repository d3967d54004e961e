// The lab's page: its buttons, and what they show. Nothing is kept but in variables.
import { Refusal, call, wordsOf } from './api.js';
import { KINDS, prepare } from './credentials.js';
import { canLogOut, isLiving, loginOf } from './logins.js';
import { at, enable, isEnabled, make } from './page.js';
import { showHeld } from './panels.js';
import {
  accountOf, endForGood, followClient, logIn, logOut, madeUp, makeAccount, resume, stealCopies, tellAll, tryCopies, useAccount,
} from './story.js';
import { showRows } from './thief.js';

const COMMAND = 'dotnet run --project src/JwtAuth.Server', OFF = 'JwtAuth__Denylist__Enabled=false';
const FIELDS = { username_taken: 'username', invalid_request: 'username', weak_password: 'password', invalid_credentials: 'password' };

let about = null;
let isBusy = false;

const chosen = () => KINDS.find(({ kind }) => kind === new FormData(at('choice')).get('kind'));

// One message at a time: what went well, or what did not.
function say(text, error = '') {
  at('said').textContent = text;
  at('error').textContent = error;
  for (const id of ['username', 'password']) at(id).removeAttribute('aria-invalid');
}

function sayWrong(error) {
  say('', wordsOf(error));
  const field = at('who').contains(at('voice')) && at(FIELDS[error.code]);
  if (field) field.setAttribute('aria-invalid', 'true');
}

// One thing at a time, and what came of it is told beside its buttons.
async function run(work, buttons) {
  if (isBusy) return;
  isBusy = true;
  buttons?.after(at('voice'));
  say('');
  render();
  try {
    say((await work()) ?? '');
  } catch (error) {
    sayWrong(error);
  } finally {
    isBusy = false;
    render();
  }
}

function onPress(id, work, buttons = at(id).closest('.buttons')) {
  at(id).addEventListener('click', (event) => {
    event.preventDefault();
    if (isEnabled(at(id))) run(work, buttons);
  });
}

const typed = () => ({ username: at('username').value, password: at('password').value });

function demandTyped() {
  if (!at('who').reportValidity()) throw new Refusal('A user name and a password are needed.');
  return typed();
}

async function changeForGood() {
  try {
    return await endForGood(chosen());
  } finally {
    at('password').value = accountOf().password;
  }
}

async function runAll() {
  const named = accountOf() ? null : demandTyped();
  at('acts').replaceChildren();
  say('The story is being told …');
  at('thief').scrollIntoView();
  const kinds = KINDS.filter(({ kind }) => about.credentials.includes(kind));
  const told = await tellAll(kinds, { named, canMakeAccounts: about.registration }, (act) => {
    render();
    at('acts').append(make('li', act));
    showTable();
  });
  at('password').value = accountOf().password;
  return told;
}

// What is above the table grows with each act: without this, the table would be pushed out of sight.
function showTable() {
  for (const part of [at('results'), at('table').querySelector('.now')]) part?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

function render() {
  const credential = chosen(), login = loginOf(credential?.kind), account = accountOf(), isReady = about !== null && !isBusy;
  const { username, password } = typed();
  const isConfirmed = account !== null && account.username === username && account.password === password;
  const steals = isReady && about.stealing;
  enable(at('make'), isReady && about.registration && !isConfirmed);
  enable(at('use'), isReady && !isConfirmed);
  enable(at('login'), isReady && account !== null);
  enable(at('steal'), steals && isLiving(login));
  enable(at('logout'), isReady && canLogOut(login));
  enable(at('try'), steals && login?.copies.length > 0);
  enable(at('end'), isReady && isLiving(login));
  enable(at('all'), steals && (account !== null || about.registration));
  at('make').classList.toggle('main', account === null);
  at('end').hidden = !credential?.ending;
  at('end').textContent = credential?.ending?.label ?? '';
  if (about) at('who-note').textContent = noteOf(account, isConfirmed);
  showHeld(credential, login);
}

function noteOf(account, isConfirmed) {
  const kept = 'stay in this page’s memory and in no storage; a reload forgets them, but not the cookies that the browser holds.';
  if (account && isConfirmed) return `You are ${account.username}. Name and password, for further logins and for Basic, ${kept}`;
  if (account) {
    return `You are still ${account.username}, by the password that was confirmed: what you have typed since is not used until one of `
      + 'the two buttons has confirmed it.';
  }
  if (!about.registration) return `Here nobody can make an account for himself: use one that there is. Name and password ${kept}`;
  return `Name and password were made up by this page. They, and access tokens, ${kept}`;
}

function showKinds() {
  at('kinds').replaceChildren(...KINDS.map(({ kind, name, summary }, index) => {
    const isTaken = about.credentials.includes(kind);
    const radio = make('input', [], {
      type: 'radio', name: 'kind', value: kind, id: `kind-${kind}`,
      ...(index === 0 && { checked: '' }), ...(!isTaken && { disabled: '' }),
    });
    return make('label', [radio, name, make('span', isTaken ? summary : 'This service does not take it.')], { class: 'kind' });
  }));
}

function showMode() {
  const other = 'See the other way: stop the service, and start it with ';
  at('mode').replaceChildren(...(about.denylist
    ? [`Here the denylist is on: an ended access token is refused. ${other}`, make('code', `${OFF} ${COMMAND}`), '.']
    : [
      `Here the denylist is off: an access token lives until it expires, whoever logs out. ${other}`,
      make('code', COMMAND), ' and without ', make('code', OFF), '.',
    ]));
  at('no-thief').hidden = about.stealing;
  for (const id of ['steal', 'try', 'all', 'results', 'table-note']) at(id).hidden = !about.stealing;
  at('make').hidden = !about.registration;
  for (const id of ['story', 'ways', 'skip']) at(id).hidden = false;
}

async function open() {
  at('mode').textContent = 'Asking the service …';
  const told = await call('GET', '/lab/about').finally(() => at('mode').replaceChildren());
  if (told.issuer !== location.origin) {
    at('mode').replaceChildren(
      `You have opened the lab at ${location.origin}. The service calls itself ${told.issuer}, `,
      'and gives its cookies to pages of that origin alone: open ',
      make('a', `${told.issuer}/lab/`, { href: `${told.issuer}/lab/` }), '.');
    return '';
  }
  await prepare(told);
  about = told;
  followClient((text) => {
    say(text);
    render();
  });
  showKinds();
  showMode();
  if (about.registration) ({ username: at('username').value, password: at('password').value } = madeUp());
  return welcomeBack(await resume());
}

function welcomeBack([first, ...others]) {
  if (!first) return '';
  at(`kind-${first.kind}`).checked = true;
  const names = [first, ...others].map(({ kind, name }) => `${name} (${loginOf(kind).me.username})`);
  return `The browser has kept a cookie through the reload, and somebody is logged in with: ${names.join(', ')}. “Log out” ends it.`;
}

// Only what scrolls needs the keyboard.
function followBox(box) {
  const watch = new ResizeObserver(() => {
    if (box.scrollWidth > box.clientWidth) box.setAttribute('tabindex', '0');
    else box.removeAttribute('tabindex');
  });
  for (const element of [box, box.firstElementChild]) watch.observe(element);
}

onPress('make', () => makeAccount(demandTyped()));
onPress('use', () => useAccount(demandTyped()));
onPress('login', () => logIn(chosen()));
onPress('steal', () => stealCopies(chosen()));
onPress('logout', () => logOut(chosen()));
onPress('try', () => tryCopies(chosen()));
onPress('end', changeForGood);
onPress('all', runAll, at('steal').closest('.buttons'));
for (const id of ['who', 'choice']) at(id).addEventListener('submit', (event) => event.preventDefault());
at('who').addEventListener('input', render);
at('choice').addEventListener('change', () => {
  if (!isBusy) say('');
  render();
});
at('reveal').addEventListener('click', () => {
  const isShown = at('password').type === 'password';
  at('password').type = isShown ? 'text' : 'password';
  at('reveal').textContent = isShown ? 'Hide' : 'Show';
});
for (const box of document.querySelectorAll('.box')) followBox(box);
showRows();
run(open);
