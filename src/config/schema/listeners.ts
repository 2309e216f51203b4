// receivers and api: where the daemon listens, and what it takes.
import { z } from 'zod'
import { count, duration, listenAddress, Mistake, size, text, value } from './values.ts'

const serverTls = z
  .strictObject({
    cert_file: text().describe('File with the certificate chain, PEM.'),
    key_file: text().describe('File with the private key, PEM.'),
    client_ca_file: text()
      .optional()
      .describe('File with the authorities whose client certificates are accepted, PEM; without it none is asked for.'),
  })
  .optional()
  .describe('Certificate and key for TLS on this listener.')

function origin() {
  return value({ type: 'string', title: 'origin' }, (raw) => {
    const expected = 'an origin such as https://shop.example.com, one with a single * in it, or "*"'
    if (typeof raw !== 'string') return new Mistake(expected)
    if (raw === '*') return raw
    const parts = /^(https?:\/\/[^\s/?#]+)(\/.*)?$/.exec(raw)
    if (parts === null || raw.split('*').length > 2) return new Mistake(expected)
    return parts[2] === undefined ? raw : new Mistake(`${expected}; an origin has no path`, parts[1])
  })
}

const grpc = z
  .strictObject({
    endpoint: listenAddress().prefault('127.0.0.1:4317').describe('Address to listen on; port 0 takes any free one.'),
    tls: serverTls,
  })
  .nullable()
  .prefault({})
  .describe('OTLP over gRPC. An empty value (`grpc:`) or null: not listening.')

const http = z
  .strictObject({
    endpoint: listenAddress().prefault('127.0.0.1:4318').describe('Address to listen on; port 0 takes any free one.'),
    tls: serverTls,
    cors: z
      .strictObject({
        allowed_origins: z
          .array(origin())
          .prefault([])
          .describe('Origins that browsers may send from: exact, with one `*` inside, or `*` for all; empty: none.'),
      })
      .prefault({})
      .describe('What browsers on other origins may do.'),
  })
  .nullable()
  .prefault({})
  .describe('OTLP over HTTP, protobuf and JSON. An empty value (`http:`) or null: not listening.')

export const receivers = z
  .strictObject({
    otlp: z
      .strictObject({
        protocols: z
          .strictObject({ grpc, http })
          .prefault({})
          .describe(
            'The protocols spoken; one that is not named here listens at its default address. At least one is needed.',
          ),
        retry_window: duration({ atMostMs: 86_400_000 })
          .prefault('5m')
          .describe('A request sent again byte for byte within this time is acknowledged, not counted twice; 0s: off.'),
        max_request_size: size().prefault('64MiB').describe('Largest request, after decompression.'),
        max_in_flight: size()
          .prefault('256MiB')
          .describe(
            'Bytes of all requests being read or counted at once; beyond it requests are refused for a moment.',
          ),
      })
      .prefault({})
      .describe('The OTLP receiver.'),
  })
  .prefault({})
  .describe('Where telemetry arrives.')

export const api = z
  .strictObject({
    endpoint: listenAddress().prefault('127.0.0.1:9464').describe('Address to listen on; port 0 takes any free one.'),
    tls: serverTls,
  })
  .prefault({})
  .describe('HTTP API, /metrics and the dashboard.')

export const shutdownTimeout = duration({ atLeastMs: 1 })
  .prefault('10s')
  .describe('How long a stop may take to finish what is in flight.')

export const events = z
  .strictObject({
    keep: count(1).prefault(10_000).describe('How many events the log keeps; older ones are dropped.'),
  })
  .prefault({})
  .describe('The event log.')
