// s3rver behind a door of our own: s3rver takes any signature of version 4, so the door computes it a second time
// (aws4) and compares, and the content's hash with it. A line on standard input changes what the door does:
//   refuse    503 to everybody          drop    stores, and ends the connection instead of answering
//   obey      back to normal
// Prints "ready", then a line of JSON for each request it let through or refused.
// Usage: server.mjs PORT DIRECTORY REGION KEY-ID SECRET
import crypto from 'node:crypto';
import http from 'node:http';
import readline from 'node:readline';
import aws4 from 'aws4';
import S3rver from 's3rver';

const [port, directory, region, accessKeyId, secretAccessKey] = process.argv.slice(2);
let mode = 'obey';

function problem(request, body) {
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(request.headers.authorization || '');
  if (!given) return 'AccessDenied';
  const [, credential, names] = given;
  if (credential.split('/')[0] !== accessKeyId) return 'InvalidAccessKeyId';
  const headers = Object.fromEntries(names.split(';').map(name => [name, request.headers[name]]));
  if (!('host' in headers && 'x-amz-date' in headers && 'x-amz-content-sha256' in headers)) return 'AccessDenied';
  const extraHeadersToInclude = Object.fromEntries(names.split(';').map(name => [name, true]));
  const signer = new aws4.RequestSigner({ service: 's3', region, method: request.method, path: request.url, headers, extraHeadersToInclude },
    { accessKeyId, secretAccessKey });
  const expected = signer.sign().headers.Authorization;
  if (expected.replaceAll(', ', ',') !== request.headers.authorization.replaceAll(', ', ',')) return 'SignatureDoesNotMatch';
  const hash = crypto.createHash('sha256').update(body).digest();
  if (headers['x-amz-content-sha256'] !== hash.toString('hex')) return 'XAmzContentSHA256Mismatch';
  if (request.headers['x-amz-checksum-sha256'] !== hash.toString('base64')) return 'BadDigest';
  return null;
}

function refuse(response, status, code) {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message></Error>`);
}

const store = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, vhostBuckets: false, configureBuckets: [{ name: 'audit' }] });
const inner = (await store.run()).port;

const door = http.createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    const code = mode === 'refuse' ? 'SlowDown' : problem(request, body);
    console.log(JSON.stringify({ method: request.method, path: request.url, bytes: body.length, code, mode }));
    if (code) return refuse(response, mode === 'refuse' ? 503 : 403, code);
    const { authorization, ...headers } = request.headers;
    headers.authorization = authorization.replace(accessKeyId, 'S3RVER'); // the one account that s3rver has
    http.request({ host: '127.0.0.1', port: inner, method: request.method, path: request.url, headers }, reply => {
      if (mode === 'drop') {
        reply.resume();
        return reply.on('end', () => response.destroy());
      }
      response.writeHead(reply.statusCode, reply.headers);
      return reply.pipe(response);
    }).on('error', () => response.destroy()).end(body);
    return undefined;
  });
});
door.listen(Number(port), '127.0.0.1', () => console.log('ready'));

const commands = readline.createInterface({ input: process.stdin });
commands.on('line', line => {
  mode = line;
  console.log(JSON.stringify({ mode }));
});
commands.on('close', () => process.exit(0));
