// jwtauth.js where pages are rendered, on a server: what each call comes to. Nothing is closed, so the process ends only if nothing
// of the module keeps it.
const { JwtAuthClient, JwtAuthError } = await import(process.argv[2]);
const other = new JwtAuthClient(); // the module is a file here, which has no origin
const client = new JwtAuthClient({ url: 'https://auth.example.com', audience: 'orders', apis: ['https://api.example.com'] });
const told = [];
for (const event of ['loggedin', 'loggedout', 'refreshed']) client.addEventListener(event, () => told.push(event));

async function outcome(call) {
  try {
    return `${await call()}`;
  } catch (error) {
    return error instanceof JwtAuthError ? error.code : `${error}`;
  }
}

const outcomes = {
  start: await outcome(() => client.start()),
  login: await outcome(() => client.login('alice', 'a quiet harbour at dawn')),
  logout: await outcome(() => client.logout()),
  refresh: await outcome(() => client.refresh()),
  fetch: await outcome(() => client.fetch('https://api.example.com/orders')),
  accessTokenFor: await outcome(() => client.accessTokenFor('https://api.example.com/orders')),
  misused: await outcome(async () => new JwtAuthClient({ apis: ['https://api.example.com'] })),
};
console.log(JSON.stringify({ ...outcomes, state: [client.state, other.state, client.subject, client.scope].join(), told: told.length }));
