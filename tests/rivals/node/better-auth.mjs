// better-auth with PostgreSQL: e-mail address and password, a session for a bearer, a JWT for a session. PORT, DATABASE_URL, SECRET.
import http from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { bearer, jwt } from 'better-auth/plugins'
import pg from 'pg'

const { PORT, DATABASE_URL, SECRET } = process.env
const options = {
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: SECRET,
  database: new pg.Pool({ connectionString: DATABASE_URL, max: 20 }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [bearer(), jwt()]
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
const server = http.createServer(toNodeHandler(betterAuth(options)))
server.keepAliveTimeout = 0 // connections are open between turns
server.listen(PORT, '127.0.0.1')
