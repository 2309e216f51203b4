import { expect, test } from 'vitest'
import { CorsPolicy } from '../../src/ingest/http/cors.ts'

const preflight = (origin: string): Record<string, string> => ({
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,traceparent',
})

test('without origins there is not a single CORS header', () => {
  const policy = new CorsPolicy([])
  expect(policy.answerHeaders({ origin: 'https://shop.example.com' })).toEqual({})
  expect(policy.isPreflight('OPTIONS', preflight('https://shop.example.com'))).toBe(false)
})

test.each([
  ['https://shop.example.com', 'https://shop.example.com', true],
  ['https://shop.example.com', 'https://SHOP.example.com', true],
  ['https://shop.example.com', 'https://shop.example.com.evil.test', false],
  ['https://shop.example.com', 'http://shop.example.com', false],
  ['https://*.example.com', 'https://a.b.example.com', true],
  ['https://*.example.com', 'https://example.com', false],
  ['https://*.example.com', 'https://.example.com', false],
  ['https://*.example.com', 'https://evil.test/.example.com', false],
  ['https://*.example.com', 'https://evil.test?.example.com', false],
  ['http://localhost:*', 'http://localhost:5173', true],
  ['http://localhost:*', 'http://localhost.evil.test:5173', false],
  ['https://*', 'https://any.test', true],
  ['https://shop.example.com', 'null', false],
])('with %j allowed, %j may send: %j', (allowed, origin, yes) => {
  const headers = new CorsPolicy([allowed]).answerHeaders({ origin })
  expect(headers['access-control-allow-origin']).toBe(yes ? origin : undefined)
  expect(headers['access-control-allow-credentials']).toBe(yes ? 'true' : undefined)
  expect(headers.vary).toBe('Origin')
})

test('a plain * lets anybody send, but never with credentials', () => {
  expect(new CorsPolicy(['*']).answerHeaders({ origin: 'https://any.test' })).toEqual({
    vary: 'Origin',
    'access-control-allow-origin': '*',
  })
})

test('an origin named beside * keeps its credentials', () => {
  const headers = new CorsPolicy(['*', 'https://shop.example.com']).answerHeaders({
    origin: 'https://shop.example.com',
  })
  expect(headers['access-control-allow-origin']).toBe('https://shop.example.com')
  expect(headers['access-control-allow-credentials']).toBe('true')
})

test('a preflight is told the method, the headers it asked for, and how long to remember', () => {
  const policy = new CorsPolicy(['https://shop.example.com'])
  const headers = policy.preflightHeaders(preflight('https://shop.example.com'))
  expect(headers).toMatchObject({
    'access-control-allow-origin': 'https://shop.example.com',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type,traceparent',
    'access-control-max-age': '7200',
    vary: 'Origin, Access-Control-Request-Headers',
  })
})

test('a preflight from elsewhere is told nothing', () => {
  const headers = new CorsPolicy(['https://shop.example.com']).preflightHeaders(preflight('https://evil.test'))
  expect(Object.keys(headers)).toEqual(['vary'])
})

test('header names that are none are not repeated', () => {
  const asked = { ...preflight('https://a.test'), 'access-control-request-headers': 'x-a, bad name' }
  expect(new CorsPolicy(['*']).preflightHeaders(asked)['access-control-allow-headers']).toBeUndefined()
})

test('only OPTIONS with an origin and a method is a preflight', () => {
  const policy = new CorsPolicy(['*'])
  expect(policy.isPreflight('OPTIONS', preflight('https://a.test'))).toBe(true)
  expect(policy.isPreflight('POST', preflight('https://a.test'))).toBe(false)
  expect(policy.isPreflight('OPTIONS', { origin: 'https://a.test' })).toBe(false)
  expect(policy.isPreflight('OPTIONS', {})).toBe(false)
})
