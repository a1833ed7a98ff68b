// A real OpenID Connect provider on loopback: people sign in with any password; access tokens are JWTs for
// the given resource. Prints "ready" and serves until its standard input ends. Commands on standard input: "rotate" changes
// the signing key.
//   node provider.mjs PORT RESOURCE
import crypto from 'node:crypto';
import readline from 'node:readline';
import { text } from 'node:stream/consumers';
import { Provider } from 'oidc-provider';

const [port, resource] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
let handler;

function key(alg) {
  const pair = alg === 'ES256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: crypto.randomUUID() };
}

function start() {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'desktop', token_endpoint_auth_method: 'none', application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code'], response_types: ['code'],
    }],
    jwks: { keys: [key('RS256'), key('ES256')] },
    pkce: { required: () => true },
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, indicator) => ({
          scope: 'rights', audience: indicator, accessTokenTTL: 600, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    acrValues: ['mfa'],
    extraTokenClaims: (ctx, token) => ({
      auth_time: ctx.oidc.entities.AuthorizationCode.authTime, acr: ctx.oidc.entities.AuthorizationCode.acr, amr: ctx.oidc.entities.AuthorizationCode.amr,
      email: token.accountId, upn: token.accountId, email_verified: !token.accountId.startsWith('unverified'),
    }),
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
  });
  const rest = provider.callback();
  handler = async (request, response) => {
    if (!request.url.endsWith('?second-factor')) return rest(request, response);
    // the development pages know no second factor: this is one that everybody has
    const [, login] = /(?:^|&)login=([^&]*)/.exec(await text(request));
    return provider.interactionFinished(request, response, { login: { accountId: decodeURIComponent(login), acr: 'mfa', amr: ['pwd', 'otp'] } });
  };
}

start();
const { createServer } = await import('node:http');
createServer((request, response) => handler(request, response)).listen(Number(port), '127.0.0.1', () => console.log('ready'));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'rotate') { start(); console.log('rotated'); }
}).on('close', () => process.exit(0));
