// Judges an OpenAPI document by the recommended rules of Redocly's linter. The document on stdin, its problems as JSON on stdout.
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const problems = await lintFromString({
  source: await text(process.stdin),
  absoluteRef: 'openapi.json',
  config: await createConfig({ extends: ['recommended'] }),
});
console.log(JSON.stringify(problems.map(({ ruleId, severity, message, location }) =>
  `${severity} ${ruleId} at ${location[0]?.pointer}: ${message}`)));
