// oidc-provider with what it comes with, which is kept in memory: client_credentials to a JWT, or to an opaque token that can be
// introspected. PORT, SECRET.
import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'

console.info = console.warn // standard output is for figures
const { PORT, SECRET } = process.env
const api = 'https://orders.example.com'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'signing' }] },
  clients: [{
    client_id: 'benchmark',
    client_secret: SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic'
  }],
  ttl: { ClientCredentials: 3600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: () => ({ scope: 'read', audience: api, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } })
    }
  }
})
const server = provider.listen(PORT, '127.0.0.1')
server.keepAliveTimeout = 0 // connections are open between turns
