// The thread of the SQLite store: does what it is asked, one request after the other.
import { type MessagePort, parentPort } from 'node:worker_threads'
import { StoreError } from './port.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import type { SqliteAnswer, SqliteRequest, SqliteResult } from './sqlite-protocol.ts'

/** Why the change under way cannot be committed; told at its commit. */
let spoiled: StoreError | null = null
let opened: SqliteDatabase | null = null

function handle(request: SqliteRequest): SqliteResult {
  if (request.do === 'open') {
    opened = new SqliteDatabase(request.path, request.eventLimit)
    return null
  }
  if (request.do === 'close') {
    opened?.close()
    opened = null
    return null
  }
  if (opened === null) throw new StoreError('the store is not open')
  switch (request.do) {
    case 'begin':
      spoiled = null
      opened.begin(request)
      return null
    case 'piece':
      if (spoiled === null) opened.write(request.piece)
      return null
    case 'commit':
      if (spoiled !== null) throw spoiled
      opened.commit(request)
      return null
    case 'load':
      return opened.load()
    case 'readEvents':
      return opened.readEvents(request.afterId, request.limit)
    case 'newestEvents':
      return opened.newestEvents(request.limit)
  }
}

/** Undoes a change that failed in any of its steps. */
function abandonChange(error: StoreError): void {
  spoiled = error
  try {
    opened?.rollback()
  } catch (rollbackError) {
    spoiled = storeError(rollbackError)
  }
}

function storeError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError(`the store failed: ${String(error)}`)
}

function answer(port: MessagePort, request: SqliteRequest): void {
  let reply: SqliteAnswer
  const call = 'call' in request ? request.call : -1
  try {
    reply = { call, result: handle(request) }
  } catch (error) {
    const failure = storeError(error)
    if (request.do === 'begin' || request.do === 'piece' || request.do === 'commit') abandonChange(failure)
    reply = { call, message: failure.message }
  }
  if (call >= 0) port.postMessage(reply, transferable(reply))
}

function transferable(reply: SqliteAnswer): ArrayBuffer[] {
  if (!('result' in reply) || reply.result === null || !('pieces' in reply.result)) return []
  return reply.result.pieces.map((piece) => piece.bytes.buffer)
}

const port = parentPort
if (port === null) throw new Error('sqlite-worker is started as a thread by the SQLite store')
port.on('message', (request: SqliteRequest) => {
  answer(port, request)
  if (request.do === 'close') port.close()
})
