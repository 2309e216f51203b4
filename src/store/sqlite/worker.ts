// The thread of the SQLite store: does what it is asked, one request after the other; commits that wait together become one.
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { type Commit, StoreError, type WriterRow } from '../port.ts'
import { SqliteDatabase } from './database.ts'
import type { Gives, SqliteAnswer, SqliteCallName, SqliteMessage, SqliteRequest } from './protocol.ts'
import { packRows, type RowPiece, unpackRows } from './row-pieces.ts'

/** Commits that are written together at most: beyond it the first ones would wait too long. */
const MAX_GROUP = 64

type CommitRequest = Extract<SqliteRequest, { do: 'commit' }>

class StoreThread {
  readonly #port: MessagePort
  #database: SqliteDatabase | null = null
  /** By call: rows that came before their commit. */
  readonly #pieces = new Map<number, RowPiece[]>()
  /** Commits that are to be written next. */
  #group: CommitRequest[] = []

  constructor(port: MessagePort) {
    this.#port = port
  }

  take(message: SqliteMessage): void {
    for (let next: SqliteMessage | null = message; next !== null; next = this.#waiting()) this.#takeOne(next)
    this.#writeGroup()
  }

  #takeOne(message: SqliteMessage): void {
    if (message.do === 'piece') this.#keep(message.call, message.piece)
    else if (message.do === 'commit') {
      this.#group.push(message)
      if (this.#group.length >= MAX_GROUP) this.#writeGroup()
    } else {
      this.#writeGroup()
      this.#answer(message.call, () => this.#do(message))
      if (message.do === 'close') this.#port.close()
    }
  }

  #waiting(): SqliteMessage | null {
    const received: { message: SqliteMessage } | undefined = receiveMessageOnPort(this.#port)
    return received?.message ?? null
  }

  /** What fails for all of them is tried for each alone. */
  #writeGroup(): void {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    const commits = group.map((request) => this.#unpack(request))
    const nowMs = Math.max(...group.map((request) => request.nowMs))
    if (group.length > 1)
      try {
        const outcomes = this.#opened().commit(commits, nowMs)
        for (const [index, { call }] of group.entries()) this.#answer(call, () => outcomes[index])
        return
      } catch {
        // Told below, by whichever fails.
      }
    for (const [index, { call }] of group.entries())
      this.#answer(call, () => this.#opened().commit([commits[index]], nowMs)[0])
  }

  #unpack({ call, needs }: CommitRequest): Commit {
    const rows = (this.#pieces.get(call) ?? []).flatMap((piece) => [...unpackRows(piece)])
    this.#pieces.delete(call)
    let at = 0
    const flushes = needs.flushes.map((flush) => ({ ...flush, rows: rows.slice(at, (at += flush.rowCount)) }))
    return { ...needs, flushes }
  }

  #do(request: Exclude<SqliteRequest, CommitRequest>): Gives<SqliteCallName> {
    const { nowMs, call } = request
    if (request.do === 'open') {
      this.#database = new SqliteDatabase(request.needs)
      return null
    }
    const database = this.#opened()
    const send = (rows: Iterable<WriterRow>): void => this.#send(call, rows)
    switch (request.do) {
      case 'close':
        this.#database = null
        database.close()
        return null
      case 'experiments':
        return database.experiments()
      case 'load':
        return database.load(request.needs.experiment, nowMs, send)
      case 'activity':
        return database.activity(request.needs.position)
      case 'follow':
        return database.follow(request.needs, nowMs, send)
      case 'rowsOf':
        database.rowsOf(request.needs.experiment, request.needs.writer, nowMs, send)
        return null
      case 'retire':
        return database.retire(request.needs.experiment, request.needs.writer, request.needs.token, nowMs)
      case 'forget':
        return database.forget(request.needs.experiment, request.needs.token, nowMs)
      case 'recentRequests':
        return database.recentRequests(nowMs)
      case 'claim':
        return database.claim(request.needs.identity, request.needs.experiments, nowMs)
      case 'leftJournal':
        return database.leftJournal(request.needs.writer, request.needs.name, nowMs)
      case 'lease':
        return database.lease(request.needs.writer, request.needs.experiments, nowMs)
      case 'release':
        database.release(request.needs.writer, request.needs.experiments, nowMs)
        return null
      case 'publish':
        return database.publish(request.needs.publication, request.needs.anew, nowMs)
      case 'readEvents':
        return database.readEvents(request.needs.afterId, request.needs.limit)
      case 'newestEvents':
        return database.newestEvents(request.needs.limit)
      case 'records':
        return database.records(request.needs.kind, nowMs)
      case 'putRecords':
        database.putRecords(request.needs.kind, request.needs.records, nowMs)
        return null
      case 'deleteRecords':
        database.deleteRecords(request.needs.kind, request.needs.ids, nowMs)
        return null
      case 'secret':
        return database.secret(request.needs.name, request.needs.proposal, nowMs)
    }
  }

  #opened(): SqliteDatabase {
    if (this.#database === null) throw new StoreError('the store is not open')
    return this.#database
  }

  #keep(call: number, piece: RowPiece): void {
    const pieces = this.#pieces.get(call)
    if (pieces === undefined) this.#pieces.set(call, [piece])
    else pieces.push(piece)
  }

  #send(call: number, rows: Iterable<WriterRow>): void {
    for (const piece of packRows(rows)) this.#port.postMessage({ call, piece }, [piece.bytes.buffer])
  }

  #answer(call: number, work: () => Gives<SqliteCallName>): void {
    let answer: SqliteAnswer
    try {
      answer = { call, result: work() }
    } catch (error) {
      answer = { call, message: error instanceof StoreError ? error.message : `the store failed: ${String(error)}` }
    }
    this.#port.postMessage(answer, [])
  }
}

const port = parentPort
if (port === null) throw new Error('the worker of the SQLite store is started as a thread by it')
const thread = new StoreThread(port)
port.on('message', (message: SqliteMessage) => thread.take(message))
