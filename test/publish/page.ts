// The metrics page as one text, and read back.
import type { Reading } from '../../src/model/reading.ts'
import type { ExpositionFormat } from '../../src/publish/exposition-format.ts'
import { exposition } from '../../src/publish/prometheus.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'
import type { ParsedPage } from './strict-exposition.ts'
import { parseStrictly } from './strict-exposition.ts'

export async function pageText(
  reading: Reading | null,
  format: ExpositionFormat = 'text',
  selfMetrics = new SelfMetrics(),
): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of exposition({ reading, selfMetrics }, format)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export async function parsedPage(reading: Reading, format: ExpositionFormat = 'text'): Promise<ParsedPage> {
  return parseStrictly(await pageText(reading, format), format)
}
